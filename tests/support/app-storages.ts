import { join } from 'node:path';
import { makeTestFolder } from '#tests/support/test-app.js';
import type { RedisUnderTest } from '#tests/support/with-redis.js';

/** Where one app keeps its accounts: its environment, and how to clear up behind it. */
export interface AppStorage {
  readonly name: string;
  open(): Promise<{ readonly env: Readonly<Record<string, string>>; close(): Promise<void> }>;
}

export const MEMORY_STORAGE: AppStorage = {
  name: 'memory',
  open: async () => ({ env: { DATABASE_URL: 'memory:' }, close: async () => undefined }),
};

export const SQLITE_STORAGE: AppStorage = {
  name: 'SQLite',
  open: async () => {
    const folder = await makeTestFolder();
    return { env: { DATABASE_URL: `sqlite:${join(folder.path, 'test.db')}` }, close: () => folder.remove() };
  },
};

/** Conversations on Redis; accounts in memory. */
export function redisStorage(redis: () => RedisUnderTest): AppStorage {
  return {
    name: 'Redis',
    open: async () => ({
      env: { DATABASE_URL: 'memory:', REDIS_URL: redis().url },
      close: async () => undefined,
    }),
  };
}
