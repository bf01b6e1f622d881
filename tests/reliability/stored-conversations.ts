import type { Redis } from 'ioredis';

export interface StoredExchange {
  readonly turnId: string;
  readonly user: string;
  readonly assistant: string;
  readonly fence: number;
}

export interface StoredConversation {
  readonly clientId: string;
  readonly conversationId: string;
  readonly turns: number;
  readonly exchanges: readonly StoredExchange[];
}

const KEY = /^fw:1:\{(?<clientId>[^}]*)\}:x:(?<conversationId>.*)$/;

/** All that Redis holds, past the cache: as `src/adapters/redis/conversations/lua/keys.lua` lays it out. */
export async function readStoredConversations(redis: Redis): Promise<StoredConversation[]> {
  const conversations: StoredConversation[] = [];
  for (const key of await redis.keys('fw:1:*:x:*')) {
    const { clientId = '', conversationId = '' } = KEY.exec(key)?.groups ?? {};
    const turns = Number(await redis.hget(`fw:1:{${clientId}}:c:${conversationId}`, 'n'));
    const exchanges = (await redis.lrange(key, 0, -1)).map(readExchange);
    conversations.push({ clientId, conversationId, turns, exchanges });
  }
  return conversations;
}

/** What is missing shows as something that fits nowhere. */
function readExchange(json: string): StoredExchange {
  const { turnId, user, assistant, fence }: Record<string, unknown> = JSON.parse(json);
  return { turnId: `${turnId}`, user: `${user}`, assistant: `${assistant}`, fence: Number(fence) };
}
