import { ContainerModule, type ServiceIdentifier } from 'inversify';
import { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import type { RedisSettings } from '#src/adapters/redis/connection/redis-settings.js';
import { warnOfEviction } from '#src/adapters/redis/connection/warn-of-eviction.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import type { Lifecycle } from '../lifecycle.js';

/** Bound only when a Redis is configured. */
export const REDIS: ServiceIdentifier<RedisConnection> = Symbol('RedisConnection');

/** The one connection of the process, for all adapters. */
export async function openRedis(
  settings: RedisSettings | null,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<ContainerModule> {
  if (settings === null) return new ContainerModule(() => undefined);
  const connection = await RedisConnection.open({ settings, logger });
  lifecycle.own('connection to Redis', () => connection.close());
  await warnOfEviction(connection, logger);
  return new ContainerModule(({ bind }) => {
    bind(REDIS).toConstantValue(connection);
  });
}
