import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { PROVIDERS } from '#src/domain/model-provider.js';
import { parseRedisUrl, REDIS_URL_RULE } from './redis-url.js';

const LONGEST_TIMER_MS = 2_147_483_647;

function wholeNumber(least: number, most: number, preset: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`)
    .default(preset);
}

const oneOf = <const T extends readonly [string, ...string[]]>(...names: T) =>
  z.enum(names, { error: `must be one of ${names.join(', ')}` });

/** What an HTTP header carries without a change. */
const visibleAscii = z.string().regex(/^[!-~]+$/, 'must be visible ASCII characters');

const httpUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be an http(s) address',
  )
  .refine((text) => !URL.canParse(text) || new URL(text).username === '', 'must not hold a user or password');

const nameList = z.string().transform((text) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);

const MAPPED_IPV4 = new BlockList();
MAPPED_IPV4.addSubnet('::ffff:0:0', 96, 'ipv6');

/** Never everything: a caller's own word would be believed. */
const isProxyRange = (text: string) => {
  const [address = '', bits, ...rest] = text.split('/');
  const longest = isIP(address) === 4 ? 32 : 128;
  // IPv4 that is written as IPv6 has its own bits behind the first 96.
  const shortest = isIP(address) === 6 && MAPPED_IPV4.check(address, 'ipv6') ? 97 : 1;
  const isBits =
    bits === undefined ||
    (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) >= shortest && Number(bits) <= longest);
  return isIP(address) !== 0 && isBits && rest.length === 0;
};

const proxyList = nameList.refine(
  (names) => names.every(isProxyRange),
  'must be IP addresses or CIDRs of proxies, separated by commas, none of them /0',
);

const MOST = 1_000_000_000;

const originList = nameList
  .refine(
    (origins) => !origins.some(hasWildcard),
    'must not hold *: any page that a visitor opens could then use the keys that browsers know. Name the origins',
  )
  .refine(
    (origins) => origins.every((origin) => hasWildcard(origin) || isOrigin(origin)),
    'must hold origins as browsers send them, separated by commas, such as https://shop.example.com',
  );

function hasWildcard(origin: string): boolean {
  return origin.includes('*');
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

const databaseUrl = z
  .string()
  .regex(/^(memory:|sqlite:.+)$/, 'must be sqlite:<path> or memory:')
  .default('sqlite:./data/fastwrap.db');

const redisUrl = z.string().transform((text, context) => {
  const settings = parseRedisUrl(text);
  if (settings !== null) return settings;
  context.addIssue({ code: 'custom', message: REDIS_URL_RULE });
  return z.NEVER;
});

/** One entry for each variable: its form and default. What depends on another variable is checked by `readConfig`. */
export const environmentSchema = z.object({
  NODE_ENV: z
    .string()
    .refine((value) => value === 'production' || !/^prod/i.test(value), 'must be spelled production')
    .optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535, 8555),
  FASTWRAP_API_KEY: visibleAscii.min(16, 'must have at least 16 characters').optional(),
  FASTWRAP_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  SIGNUP: oneOf('open', 'operator').optional(),
  CORS_ORIGINS: originList.default([]),
  MODEL: z.string().max(200, 'must have at most 200 characters').optional(),
  MODEL_KEY: visibleAscii.optional(),
  MODEL_PROVIDER: oneOf(...PROVIDERS).optional(),
  MODEL_BASE_URL: httpUrl.optional(),
  MODEL_ALLOWED: nameList.default([]),
  MODEL_MAX_OUTPUT_TOKENS: wholeNumber(1, 1_000_000, 4096),
  MODEL_FALLBACK: z.string().max(200, 'must have at most 200 characters').optional(),
  MODEL_FALLBACK_KEY: visibleAscii.optional(),
  MODEL_FALLBACK_PROVIDER: oneOf(...PROVIDERS).optional(),
  MODEL_FALLBACK_BASE_URL: httpUrl.optional(),
  MODEL_CHECK: oneOf('true', 'false').default('true'),
  MODEL_FIRST_TOKEN_MS: wholeNumber(1, LONGEST_TIMER_MS, 15_000),
  MODEL_CHUNK_MS: wholeNumber(1, LONGEST_TIMER_MS, 10_000),
  MODEL_TOTAL_MS: wholeNumber(1, LONGEST_TIMER_MS, 60_000),
  LANGCHAIN_API_KEY: visibleAscii.optional(),
  LANGSMITH_TRACING_V2: oneOf('true', 'false').default('true'),
  TRACING_ENDPOINT: httpUrl.default('https://api.smith.langchain.com'),
  TRACING_PROJECT: z.string().max(200, 'must have at most 200 characters').default('fastwrap'),
  CONVERSATION_CACHE: oneOf('memory', 'redis').optional(),
  CONVERSATION_CACHE_MAX: wholeNumber(1, 10_000_000, 100_000),
  CONVERSATION_CACHE_MAX_BYTES: wholeNumber(1_048_576, Number.MAX_SAFE_INTEGER, 268_435_456),
  CONVERSATION_QUEUE_MAX: wholeNumber(0, 10_000, 8),
  REDIS_URL: redisUrl.optional(),
  REDIS_HOST: z
    .string()
    .regex(/^[^\s/@?#]+$/, 'must be a host name or an IP address')
    .optional(),
  REDIS_PORT: wholeNumber(1, 65_535, 6379),
  REDIS_USER: z.string().optional(),
  REDIS_API_KEY: z.string().optional(),
  REDIS_TLS: oneOf('true', 'false').default('false'),
  DATABASE_URL: databaseUrl,
  HISTORY_MAX_MESSAGES: wholeNumber(2, 1000, 40),
  HISTORY_MAX_TOKENS: wholeNumber(0, 10_000_000, 8000),
  LIMIT_IP_PER_MINUTE: wholeNumber(0, MOST, 3000),
  LIMIT_CHAT_PER_MINUTE: wholeNumber(0, MOST, 600),
  LIMIT_REQUESTS_PER_MINUTE: wholeNumber(0, MOST, 1200),
  LIMIT_CONCURRENT_TURNS: wholeNumber(0, 100_000, 100),
  LIMIT_SIGNUPS_PER_HOUR: wholeNumber(0, MOST, 20),
  LIMIT_PASSWORDS_PER_15_MINUTES: wholeNumber(0, MOST, 10),
  LIMIT_BAD_KEYS_PER_MINUTE: wholeNumber(0, MOST, 60),
  LIMIT_CONNECTIONS_PER_ADDRESS: wholeNumber(0, 1_000_000, 500),
  INSTANCES: wholeNumber(1, 10_000, 1),
  TRUST_PROXY: proxyList.default([]),
  BUDGET_TOKENS_PER_DAY: wholeNumber(0, 1_000_000_000_000, 0),
  LOG_LEVEL: oneOf('debug', 'info', 'warn', 'error', 'silent').default('info'),
  START_TIMEOUT_MS: wholeNumber(1, LONGEST_TIMER_MS, 60_000),
  SHUTDOWN_GRACE_MS: wholeNumber(0, LONGEST_TIMER_MS, 25_000),
});

export type Environment = z.infer<typeof environmentSchema>;
