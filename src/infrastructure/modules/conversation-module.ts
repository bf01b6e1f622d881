import { ContainerModule, type ResolutionContext } from 'inversify';
import { MemoryConversationCache } from '#src/adapters/memory/conversations/memory-conversation-cache.js';
import { RedisConversationCache } from '#src/adapters/redis/conversations/redis-conversation-cache.js';
import type { Config } from '../config/config.js';
import type { Lifecycle } from '../lifecycle.js';
import { CLOCK, CONVERSATIONS } from '../tokens.js';
import { REDIS } from './redis-module.js';

type ConversationConfig = Pick<Config, 'conversationCache' | 'historyBounds' | 'instances'>;

export function conversationModule(config: ConversationConfig, lifecycle: Lifecycle): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(CONVERSATIONS)
      .toDynamicValue((context) => {
        const cache = makeCache(context, config);
        lifecycle.own('conversation cache', () => cache.close());
        return cache;
      })
      .inSingletonScope();
  });
}

function makeCache(
  context: ResolutionContext,
  { conversationCache, historyBounds: bounds, instances }: ConversationConfig,
): MemoryConversationCache | RedisConversationCache {
  const { kind, maxConversations, maxBytes, maxWaiting } = conversationCache;
  switch (kind) {
    case 'memory':
      return new MemoryConversationCache({
        clock: context.get(CLOCK),
        bounds,
        maxConversations,
        maxBytes,
        maxWaiting,
        instances,
      });
    case 'redis':
      return new RedisConversationCache({ connection: context.get(REDIS), bounds, maxWaiting });
  }
}
