import type { RedisSettings } from '#src/adapters/redis/redis-settings.js';
import type { Environment } from './environment-schema.js';

type RedisEnvironment = Pick<
  Environment,
  | 'CONVERSATION_CACHE'
  | 'REDIS_URL'
  | 'REDIS_HOST'
  | 'REDIS_PORT'
  | 'REDIS_USER'
  | 'REDIS_API_KEY'
  | 'REDIS_TLS'
>;

export function redisFaults({ CONVERSATION_CACHE, REDIS_URL, REDIS_HOST }: RedisEnvironment): string[] {
  if (REDIS_URL !== undefined && REDIS_HOST !== undefined) {
    return ['REDIS_URL must not be set beside REDIS_HOST: one of them says where Redis is'];
  }
  if (CONVERSATION_CACHE === 'redis' && REDIS_URL === undefined && REDIS_HOST === undefined) {
    return ['REDIS_URL or REDIS_HOST must be set for CONVERSATION_CACHE redis'];
  }
  return [];
}

/** Null: there is no Redis. What an address in one line does not hold is taken from the other variables. */
export function toRedisSettings(environment: RedisEnvironment): RedisSettings | null {
  const { REDIS_URL, REDIS_HOST, REDIS_PORT, REDIS_USER, REDIS_API_KEY, REDIS_TLS } = environment;
  const credentials = { username: REDIS_USER ?? null, password: REDIS_API_KEY ?? null };
  const tls = REDIS_TLS === 'true';
  if (REDIS_URL !== undefined) {
    const { username, password } = REDIS_URL.credentials;
    return {
      ...REDIS_URL,
      credentials: {
        username: username ?? credentials.username,
        password: password ?? credentials.password,
      },
      tls: REDIS_URL.tls || tls,
    };
  }
  if (REDIS_HOST === undefined) return null;
  const address = { host: REDIS_HOST, port: REDIS_PORT };
  return { topology: { kind: 'single', address, database: 0 }, credentials, tls };
}
