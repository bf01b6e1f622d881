import type { z } from 'zod';
import type { Config } from '../config.js';
import { oneOf, variable, wholeNumber } from '../variable.js';

export const conversationVariables = {
  CONVERSATION_CACHE: variable(oneOf('memory', 'redis').optional(), {
    description: 'Where conversations are kept; `redis` needs `REDIS_HOST` or `REDIS_URL`',
    byDefault: '`redis` where there is one, else `memory`',
    example: 'memory',
    see: 'docs/operations/redis.md',
  }),
  CONVERSATION_CACHE_MAX: variable(wholeNumber(1, 10_000_000, 100_000), {
    description: 'Conversations in memory; the account that holds most bytes loses its least recently used',
  }),
  CONVERSATION_CACHE_MAX_BYTES: variable(wholeNumber(1_048_576, Number.MAX_SAFE_INTEGER, 268_435_456), {
    description:
      'Their size in bytes, measured generously; what gives way is the same. Redis has bounds of its own',
  }),
  CONVERSATION_QUEUE_MAX: variable(wholeNumber(0, 10_000, 8), {
    description: 'Turns that may wait for one conversation while another is running',
  }),
  HISTORY_MAX_MESSAGES: variable(wholeNumber(2, 1000, 40), {
    description: 'How many earlier messages of a conversation are kept, and shown to the model',
  }),
  HISTORY_MAX_TOKENS: variable(wholeNumber(0, 10_000_000, 8000), {
    description:
      'How much of them the model is shown, in estimated tokens; whole turns, the oldest are left out',
  }),
};

type ConversationEnvironment = z.infer<z.ZodObject<typeof conversationVariables>>;

export function toConversations(
  environment: ConversationEnvironment,
  hasRedis: boolean,
): Pick<Config, 'conversationCache' | 'historyBounds'> {
  return {
    conversationCache: {
      kind: environment.CONVERSATION_CACHE ?? (hasRedis ? 'redis' : 'memory'),
      maxConversations: environment.CONVERSATION_CACHE_MAX,
      maxBytes: environment.CONVERSATION_CACHE_MAX_BYTES,
      maxWaiting: environment.CONVERSATION_QUEUE_MAX,
    },
    historyBounds: {
      maxMessages: environment.HISTORY_MAX_MESSAGES,
      maxTokens: environment.HISTORY_MAX_TOKENS,
    },
  };
}
