import { z } from 'zod';
import type { RedisSettings } from '#src/adapters/redis/connection/redis-settings.js';
import { parseRedisUrl, REDIS_URL_RULE } from '../redis-url.js';
import { oneOf, ruled, variable, wholeNumber } from '../variable.js';

const redisUrl = z.string().transform((text, context) => {
  const settings = parseRedisUrl(text);
  if (settings !== null) return settings;
  context.addIssue({ code: 'custom', message: REDIS_URL_RULE });
  return z.NEVER;
});

export const redisVariables = {
  REDIS_URL: variable(
    ruled(redisUrl, 'a `redis:`, `rediss:`, `redis+sentinel:` or `redis+cluster:` address').optional(),
    {
      description: 'Where Redis (7 or newer) is, in one line, instead of `REDIS_HOST`',
      example: 'redis://user:password@host:6379/0',
      see: 'docs/operations/redis.md',
    },
  ),
  REDIS_HOST: variable(
    ruled(
      z.string().regex(/^[^\s/@?#]+$/, 'must be a host name or an IP address'),
      'a host name or an IP address',
    ).optional(),
    { description: 'Where Redis (7 or newer) is. docker-compose.yml sets it' },
  ),
  REDIS_PORT: variable(wholeNumber(1, 65_535, 6379), {
    description: 'Its port, beside `REDIS_HOST`',
  }),
  REDIS_USER: variable(z.string().optional(), {
    description: 'Its ACL user, where the address names none',
  }),
  REDIS_API_KEY: variable(z.string().optional(), {
    description: 'Its password, where the address names none. docker-compose.yml requires it',
  }),
  REDIS_TLS: variable(oneOf('true', 'false').default('false'), {
    description: '`true`: speak TLS to it',
  }),
};

type RedisEnvironment = z.infer<z.ZodObject<typeof redisVariables>>;

export function redisFaults({
  CONVERSATION_CACHE,
  REDIS_URL,
  REDIS_HOST,
}: RedisEnvironment & { readonly CONVERSATION_CACHE?: 'memory' | 'redis' | undefined }): string[] {
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
