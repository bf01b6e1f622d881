import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import type { Sampling } from '#src/application/ports/chat/llm-gateway.js';
import type { Provider } from '#src/domain/models/model-provider.js';
import type { ProviderTransport } from './transport/provider-transport.js';

/** Where models answer, and with which key. Nothing of it is ever taken from the environment. */
export interface ProviderConnection {
  readonly provider: Provider;
  /** Null: no Authorization header is sent. */
  readonly apiKey: string | null;
  /** With its version path, as in `https://api.openai.com/v1`; null: the provider's own. */
  readonly baseUrl: string | null;
  readonly transport: ProviderTransport;
}

export interface ChatModelSettings extends Sampling {
  readonly model: string;
}

/** Makes chat models of one provider. What it makes never retries, and takes its cancellation from the `signal` of a call. */
export interface ChatModelFactory {
  create(settings: ChatModelSettings): BaseChatModel;
}
