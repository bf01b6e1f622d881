import { ContainerModule } from 'inversify';
import { MemoryConversationCache } from '#src/adapters/memory/memory-conversation-cache.js';
import type { Config } from '../config/config.js';
import type { Lifecycle } from '../lifecycle.js';
import { CLOCK, CONVERSATIONS } from '../tokens.js';

export function conversationModule(
  { conversationCache, historyBounds }: Pick<Config, 'conversationCache' | 'historyBounds'>,
  lifecycle: Lifecycle,
): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(CONVERSATIONS)
      .toDynamicValue((context) => {
        const { maxConversations, maxBytes, maxWaiting } = conversationCache;
        const clock = context.get(CLOCK);
        const cache = new MemoryConversationCache({
          clock,
          bounds: historyBounds,
          maxConversations,
          maxBytes,
          maxWaiting,
        });
        lifecycle.own('conversation cache', () => cache.close());
        return cache;
      })
      .inSingletonScope();
  });
}
