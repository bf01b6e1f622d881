import type { Logger } from '#src/application/ports/system/logger.js';
import type { RedisConnection } from './redis-connection.js';

/** A Redis that throws away what it likes loses turns that are open, and answers that were kept. One that is away is not asked. */
export async function warnOfEviction(connection: RedisConnection, logger: Logger): Promise<void> {
  let memory: string;
  try {
    memory = await connection.attempt((client) => client.info('memory'));
  } catch {
    return;
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
  const isBounded = /^maxmemory:[1-9]/m.test(memory);
  if (!isBounded || policy === undefined || policy === 'noeviction') return;
  logger.warn({ policy }, 'Redis evicts keys when it is full: set its maxmemory-policy to noeviction');
}
