import { Cluster, type CommonRedisOptions, Redis } from 'ioredis';
import type { RedisCredentials, RedisSettings } from './redis-settings.js';

export type RedisClient = Redis | Cluster;

/** For what the client asks by itself when it connects; whatever an adapter asks is bounded by the connection, and tighter. */
const COMMAND_TIMEOUT_MS = 1000;

const MAX_PAUSE_MS = 400;

/** Said, because else NODE_TLS_REJECT_UNAUTHORIZED of the environment would have a say. */
const TLS = { rejectUnauthorized: true };

/** Short enough to be back well within two seconds, spread so that many processes do not come at once. */
function pauseBeforeRetry(attempt: number): number {
  return Math.min(50 * attempt, MAX_PAUSE_MS) * (0.75 + Math.random() / 4);
}

function login({ username, password }: RedisCredentials): { username?: string; password?: string } {
  return { ...(username === null ? {} : { username }), ...(password === null ? {} : { password }) };
}

/** A client that has begun to connect, and never gives up. Nothing is sent twice: whoever asked decides about that. */
export function createRedisClient({ topology, credentials, tls }: RedisSettings): RedisClient {
  const common = {
    ...login(credentials),
    ...(tls ? { tls: TLS } : {}),
    connectTimeout: 1000,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: 2000,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    // A replica that was the master a moment ago: look for the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies CommonRedisOptions & { tls?: object };
  const lone = { ...common, enableOfflineQueue: false, retryStrategy: pauseBeforeRetry };
  switch (topology.kind) {
    case 'single':
      return new Redis({ ...lone, ...topology.address, db: topology.database });
    case 'sentinel': {
      const { username, password } = login(topology.sentinelCredentials);
      return new Redis({
        ...lone,
        sentinels: topology.sentinels.map((address) => ({ ...address })),
        name: topology.master,
        db: topology.database,
        sentinelRetryStrategy: pauseBeforeRetry,
        sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
        ...(username === undefined ? {} : { sentinelUsername: username }),
        ...(password === undefined ? {} : { sentinelPassword: password }),
        ...(tls ? { sentinelTLS: TLS, enableTLSForSentinelMode: true } : {}),
      });
    }
    case 'cluster':
      return new Cluster(
        topology.nodes.map((address) => ({ ...address })),
        {
          redisOptions: common,
          // Nodes are connected when they are first needed: without a queue their first command would be refused.
          enableOfflineQueue: true,
          clusterRetryStrategy: pauseBeforeRetry,
          slotsRefreshTimeout: 1000,
          slotsRefreshInterval: 5000,
          retryDelayOnFailover: 50,
          retryDelayOnClusterDown: 50,
          retryDelayOnTryAgain: 50,
        },
      );
  }
}
