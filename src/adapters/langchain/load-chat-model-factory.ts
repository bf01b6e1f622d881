import type { ChatModelFactory, ProviderConnection } from './chat-model-factory.js';

/** Loads the one provider that is configured: each costs 0.15 to 0.6 s and up to 80 MB. */
export async function loadChatModelFactory(connection: ProviderConnection): Promise<ChatModelFactory> {
  switch (connection.provider) {
    case 'openai':
    case 'openai-compatible':
      return new (await import('./providers/openai-chat-model.js')).OpenAiChatModelFactory(connection);
    case 'mistral':
      return new (await import('./providers/mistral-chat-model.js')).MistralChatModelFactory(connection);
    case 'demo':
      return new (await import('./providers/demo-chat-model.js')).DemoChatModelFactory();
  }
}
