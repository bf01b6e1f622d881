import { expect } from 'chai';
import type { Config } from '#src/infrastructure/config/config.js';
import { environmentSchema } from '#src/infrastructure/config/environment-schema.js';
import { ConfigError, readConfig } from '#src/infrastructure/config/read-config.js';
import { REDIS_URL_RULE } from '#src/infrastructure/config/redis-url.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** Part of every bad value; no message may hold it. */
const CANARY = 'c4n4ry';

const DEFAULTS: Config = {
  production: false,
  host: '127.0.0.1',
  port: 8555,
  serviceKey: null,
  secret: null,
  signup: 'open',
  limits: {
    ipPerMinute: 3000,
    chatPerMinute: 600,
    requestsPerMinute: 1200,
    concurrentTurns: 100,
    signupsPerHour: 20,
    passwordsPer15Minutes: 10,
    badKeysPerMinute: 60,
  },
  instances: 1,
  connectionsPerAddress: 500,
  trustedProxies: [],
  corsOrigins: [],
  model: {
    primary: { provider: 'demo', model: 'demo', apiKey: null, baseUrl: null },
    fallback: null,
    deadlines: { firstTokenMs: 15_000, chunkMs: 10_000, totalMs: 60_000 },
    check: true,
  },
  tracing: null,
  redis: null,
  modelPolicy: { defaultModel: 'demo', allowedModels: ['demo'], maxOutputTokens: 4096 },
  conversationCache: { kind: 'memory', maxConversations: 100_000, maxBytes: 268_435_456, maxWaiting: 8 },
  database: { kind: 'sqlite', path: './data/fastwrap.db' },
  historyBounds: { maxMessages: 40, maxTokens: 8000 },
  budgetTokensPerDay: 0,
  logLevel: 'info',
  startTimeoutMs: 60_000,
  shutdownGraceMs: 25_000,
};

/** What changes when there is a Redis. */
function onRedis(address: { host: string; port?: number }): Pick<Config, 'redis' | 'conversationCache'> {
  return {
    redis: {
      topology: { kind: 'single', address: { port: 6379, ...address }, database: 0 },
      credentials: { username: null, password: null },
      tls: false,
    },
    conversationCache: { ...DEFAULTS.conversationCache, kind: 'redis' },
  };
}

const PRODUCTION = {
  NODE_ENV: 'production',
  FASTWRAP_API_KEY: `${CANARY}-operator-key`,
  MODEL: 'gpt-4o',
  MODEL_KEY: `${CANARY}-provider-key`,
  SIGNUP: 'operator',
};

function faultsOf(variables: Variables): readonly string[] {
  try {
    readConfig(variables);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).to.equal(
      ['The configuration is not valid:', ...error.faults.map((fault) => `  - ${fault}`)].join('\n'),
    );
    expect(error.message).not.to.contain(CANARY);
    return error.faults;
  }
  return [];
}

interface Whole {
  readonly least: number;
  readonly max: number;
  readonly read: (config: Config) => number | undefined;
  /** Without which it would mean nothing. */
  readonly beside?: Variables;
}

function portOf({ redis }: Config): number | undefined {
  return redis?.topology.kind === 'single' ? redis.topology.address.port : undefined;
}

const NUMBERS: Readonly<Record<string, Whole>> = {
  PORT: { least: 0, max: 65_535, read: ({ port }) => port },
  LIMIT_IP_PER_MINUTE: { least: 0, max: 1_000_000_000, read: ({ limits }) => limits.ipPerMinute },
  LIMIT_CHAT_PER_MINUTE: { least: 0, max: 1_000_000_000, read: ({ limits }) => limits.chatPerMinute },
  LIMIT_REQUESTS_PER_MINUTE: {
    least: 0,
    max: 1_000_000_000,
    read: ({ limits }) => limits.requestsPerMinute,
  },
  LIMIT_CONCURRENT_TURNS: { least: 0, max: 100_000, read: ({ limits }) => limits.concurrentTurns },
  LIMIT_SIGNUPS_PER_HOUR: { least: 0, max: 1_000_000_000, read: ({ limits }) => limits.signupsPerHour },
  LIMIT_PASSWORDS_PER_15_MINUTES: {
    least: 0,
    max: 1_000_000_000,
    read: ({ limits }) => limits.passwordsPer15Minutes,
  },
  LIMIT_BAD_KEYS_PER_MINUTE: { least: 0, max: 1_000_000_000, read: ({ limits }) => limits.badKeysPerMinute },
  LIMIT_CONNECTIONS_PER_ADDRESS: {
    least: 0,
    max: 1_000_000,
    read: ({ connectionsPerAddress }) => connectionsPerAddress,
  },
  INSTANCES: { least: 1, max: 10_000, read: ({ instances }) => instances },
  MODEL_MAX_OUTPUT_TOKENS: {
    least: 1,
    max: 1_000_000,
    read: ({ modelPolicy }) => modelPolicy.maxOutputTokens,
  },
  MODEL_FIRST_TOKEN_MS: {
    least: 1,
    max: 2_147_483_647,
    read: ({ model }) => model.deadlines.firstTokenMs,
  },
  MODEL_CHUNK_MS: { least: 1, max: 2_147_483_647, read: ({ model }) => model.deadlines.chunkMs },
  MODEL_TOTAL_MS: { least: 1, max: 2_147_483_647, read: ({ model }) => model.deadlines.totalMs },
  REDIS_PORT: { least: 1, max: 65_535, read: portOf, beside: { REDIS_HOST: 'redis' } },
  CONVERSATION_CACHE_MAX: {
    least: 1,
    max: 10_000_000,
    read: ({ conversationCache }) => conversationCache.maxConversations,
  },
  CONVERSATION_CACHE_MAX_BYTES: {
    least: 1_048_576,
    max: 9_007_199_254_740_991,
    read: ({ conversationCache }) => conversationCache.maxBytes,
  },
  CONVERSATION_QUEUE_MAX: {
    least: 0,
    max: 10_000,
    read: ({ conversationCache }) => conversationCache.maxWaiting,
  },
  HISTORY_MAX_MESSAGES: { least: 2, max: 1000, read: ({ historyBounds }) => historyBounds.maxMessages },
  HISTORY_MAX_TOKENS: { least: 0, max: 10_000_000, read: ({ historyBounds }) => historyBounds.maxTokens },
  BUDGET_TOKENS_PER_DAY: {
    least: 0,
    max: 1_000_000_000_000,
    read: ({ budgetTokensPerDay }) => budgetTokensPerDay,
  },
  START_TIMEOUT_MS: { least: 1, max: 2_147_483_647, read: ({ startTimeoutMs }) => startTimeoutMs },
  SHUTDOWN_GRACE_MS: { least: 0, max: 2_147_483_647, read: ({ shutdownGraceMs }) => shutdownGraceMs },
};

interface Text {
  readonly good: readonly (readonly [string, Partial<Config>])[];
  readonly bad: readonly string[];
  readonly rule: string;
}

const model = (changes: Partial<Config['model']['primary']>) => ({
  model: { ...DEFAULTS.model, primary: { ...DEFAULTS.model.primary, ...changes } },
});

const TEXTS: Readonly<Record<string, Text>> = {
  HOST: { good: [['0.0.0.0', { host: '0.0.0.0' }]], bad: [], rule: '' },
  FASTWRAP_API_KEY: {
    good: [['0123456789abcdef', { serviceKey: '0123456789abcdef' }]],
    bad: [CANARY, `${CANARY}789abcdef`],
    rule: 'must have at least 16 characters',
  },
  FASTWRAP_SECRET: {
    good: [['0123456789abcdef0123456789abcdef', { secret: '0123456789abcdef0123456789abcdef' }]],
    bad: [CANARY, `${CANARY}789abcdef0123456789abcdef`.slice(0, 31)],
    rule: 'must have at least 32 characters',
  },
  SIGNUP: {
    good: [['open', { signup: 'open' }]],
    bad: [CANARY, 'OPEN', 'open '],
    rule: 'must be one of open, operator',
  },
  CORS_ORIGINS: {
    good: [
      ['https://shop.example.com', { corsOrigins: ['https://shop.example.com'] }],
      [
        ' https://shop.example.com , http://localhost:3000,,http://[::1]:8080 ',
        { corsOrigins: ['https://shop.example.com', 'http://localhost:3000', 'http://[::1]:8080'] },
      ],
    ],
    bad: [
      CANARY,
      'null',
      'https://shop.example.com/',
      'https://shop.example.com:443',
      'https://Shop.example.com',
      'shop.example.com',
      'file:///index.html',
    ],
    rule: 'must hold origins as browsers send them, separated by commas, such as https://shop.example.com',
  },
  MODEL: {
    good: [['demo', {}]],
    bad: [CANARY.repeat(34)],
    rule: 'must have at most 200 characters',
  },
  MODEL_KEY: {
    good: [['any', model({ apiKey: 'any' })]],
    bad: [`${CANARY} x`, `${CANARY}\n`, `${CANARY}é`],
    rule: 'must be visible ASCII characters',
  },
  MODEL_PROVIDER: {
    good: [['demo', model({ provider: 'demo' })]],
    bad: [CANARY, 'OpenAI'],
    rule: 'must be one of openai, mistral, openai-compatible, demo',
  },
  MODEL_BASE_URL: {
    good: [
      ['http://localhost:11434/v1', model({ baseUrl: 'http://localhost:11434/v1' })],
      ['https://gateway.example', model({ baseUrl: 'https://gateway.example' })],
    ],
    bad: [CANARY, `${CANARY}:8080`, `ftp://${CANARY}/`, `file:///${CANARY}`, `http://${CANARY}:port`],
    rule: 'must be an http(s) address',
  },
  MODEL_FALLBACK: {
    good: [
      [
        'demo',
        {
          model: {
            ...DEFAULTS.model,
            fallback: { provider: 'demo', model: 'demo', apiKey: null, baseUrl: null },
          },
        },
      ],
    ],
    bad: [CANARY.repeat(34)],
    rule: 'must have at most 200 characters',
  },
  MODEL_FALLBACK_KEY: {
    good: [['any', {}]],
    bad: [`${CANARY} x`],
    rule: 'must be visible ASCII characters',
  },
  MODEL_FALLBACK_PROVIDER: {
    good: [['demo', {}]],
    bad: [CANARY, 'OpenAI'],
    rule: 'must be one of openai, mistral, openai-compatible, demo',
  },
  MODEL_FALLBACK_BASE_URL: {
    good: [['http://localhost:11434/v1', {}]],
    bad: [CANARY, `ftp://${CANARY}/`],
    rule: 'must be an http(s) address',
  },
  LANGCHAIN_API_KEY: {
    good: [
      [
        'ls-key',
        {
          tracing: { apiKey: 'ls-key', endpoint: 'https://api.smith.langchain.com', project: 'fastwrap' },
        },
      ],
    ],
    bad: [`${CANARY} x`],
    rule: 'must be visible ASCII characters',
  },
  MODEL_CHECK: {
    good: [
      ['true', {}],
      ['false', { model: { ...DEFAULTS.model, check: false } }],
    ],
    bad: [CANARY, 'TRUE', '1'],
    rule: 'must be one of true, false',
  },
  LANGSMITH_TRACING_V2: {
    good: [
      ['true', {}],
      ['false', {}],
    ],
    bad: [CANARY, 'TRUE', '1'],
    rule: 'must be one of true, false',
  },
  TRACING_ENDPOINT: {
    good: [['https://eu.api.smith.langchain.com', {}]],
    bad: [CANARY, `ftp://${CANARY}/`],
    rule: 'must be an http(s) address',
  },
  TRACING_PROJECT: {
    good: [['shop', {}]],
    bad: [CANARY.repeat(34)],
    rule: 'must have at most 200 characters',
  },
  MODEL_ALLOWED: {
    good: [
      [
        ' large, small ,,large,demo',
        { modelPolicy: { ...DEFAULTS.modelPolicy, allowedModels: ['demo', 'large', 'small'] } },
      ],
    ],
    bad: [],
    rule: '',
  },
  CONVERSATION_CACHE: {
    good: [['memory', {}]],
    bad: [CANARY, 'Redis'],
    rule: 'must be one of memory, redis',
  },
  REDIS_URL: {
    good: [['redis://10.0.0.1', onRedis({ host: '10.0.0.1' })]],
    bad: [
      `http://${CANARY}`,
      CANARY,
      'redis://',
      `redis://:${CANARY}@a:70000`,
      `redis://:${CANARY}@a:0`,
      `redis://a,${CANARY}`,
      `redis://a/${CANARY}`,
      `redis://:%E0%A4${CANARY}@a`,
      `redis+sentinel://${CANARY}`,
      `redis+cluster://${CANARY}/1`,
      `redis+other://${CANARY}`,
    ],
    rule: REDIS_URL_RULE,
  },
  REDIS_HOST: {
    good: [['10.0.0.1', onRedis({ host: '10.0.0.1' })]],
    bad: [`${CANARY} b`, `redis://${CANARY}`, `user@${CANARY}`],
    rule: 'must be a host name or an IP address',
  },
  REDIS_USER: { good: [['shop', {}]], bad: [], rule: '' },
  REDIS_API_KEY: { good: [[CANARY, {}]], bad: [], rule: '' },
  REDIS_TLS: {
    good: [
      ['true', {}],
      ['false', {}],
    ],
    bad: [CANARY, 'yes'],
    rule: 'must be one of true, false',
  },
  DATABASE_URL: {
    good: [
      ['memory:', { database: { kind: 'memory' } }],
      ['sqlite:/var/lib/a b.db', { database: { kind: 'sqlite', path: '/var/lib/a b.db' } }],
    ],
    bad: [CANARY, 'sqlite:', `postgres://user:${CANARY}@host/db`, 'memory:x'],
    rule: 'must be sqlite:<path> or memory:',
  },
  LOG_LEVEL: {
    good: (['debug', 'info', 'warn', 'error', 'silent'] as const).map((logLevel) => [logLevel, { logLevel }]),
    bad: [CANARY, 'trace', 'INFO'],
    rule: 'must be one of debug, info, warn, error, silent',
  },
  NODE_ENV: {
    good: [
      ['test', {}],
      ['development', {}],
    ],
    bad: [`prod${CANARY}`, 'Production', 'prod', 'production '],
    rule: 'must be spelled production',
  },
  TRUST_PROXY: {
    good: [
      ['127.0.0.1', { trustedProxies: ['127.0.0.1'] }],
      ['10.0.0.0/8, fd00::/8,::1', { trustedProxies: ['10.0.0.0/8', 'fd00::/8', '::1'] }],
      ['::ffff:10.0.0.0/104', { trustedProxies: ['::ffff:10.0.0.0/104'] }],
      ['192.0.2.7/32,2001:db8::1/128', { trustedProxies: ['192.0.2.7/32', '2001:db8::1/128'] }],
    ],
    bad: [
      'true',
      '1',
      'loopback',
      '0.0.0.0/0',
      '::/0',
      '::ffff:0:0/96',
      '::ffff:0.0.0.0/96',
      '::ffff:0:0/90',
      '10.0.0.0/33',
      '::1/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.0/255.0.0.0',
      '10.0.0',
      `10.0.0.0/8,${CANARY}`,
    ],
    rule: 'must be IP addresses or CIDRs of proxies, separated by commas, none of them /0',
  },
};

describe('readConfig', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).to.deep.equal(DEFAULTS);
    expect(readConfig({ UNKNOWN: 'x', PATH: '/bin' })).to.deep.equal(DEFAULTS);
  });

  it('is tested here for every variable that there is', () => {
    expect([...Object.keys(NUMBERS), ...Object.keys(TEXTS)]).to.have.members(
      Object.keys(environmentSchema.shape),
    );
  });

  for (const [name, { least, max, read, beside }] of Object.entries(NUMBERS)) {
    it(`takes ${name} from ${least} to ${max}`, () => {
      expect(read(readConfig({ ...beside, [name]: String(least) }))).to.equal(least);
      expect(read(readConfig({ ...beside, [name]: String(max) }))).to.equal(max);
      const rule = `${name} must be a whole number from ${least} to ${max}`;
      const outside = [least - 1, max + 1].map(String);
      for (const bad of [
        ...outside,
        CANARY,
        `${max}${CANARY}`,
        '1.5',
        '1e3',
        ' 5',
        '5 ',
        '+5',
        '0x10',
        '１０',
        'NaN',
      ]) {
        expect(faultsOf({ [name]: bad }), bad).to.deep.equal([rule]);
      }
    });
  }

  for (const [name, { good, bad, rule }] of Object.entries(TEXTS)) {
    it(`takes ${name}${rule === '' ? '' : `, which ${rule}`}`, () => {
      for (const [value, changes] of good) {
        expect(readConfig({ [name]: value }), value).to.deep.equal({ ...DEFAULTS, ...changes });
      }
      for (const value of bad) expect(faultsOf({ [name]: value }), value).to.deep.equal([`${name} ${rule}`]);
    });
  }

  it('counts an empty variable as absent', () => {
    const names = Object.keys(environmentSchema.shape);
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ''])))).to.deep.equal(DEFAULTS);
    expect(readConfig({ PORT: undefined })).to.deep.equal(DEFAULTS);
    expect(faultsOf({ ...PRODUCTION, FASTWRAP_API_KEY: '' })).to.deep.equal([
      'FASTWRAP_API_KEY must be set in production',
    ]);
  });

  it('derives the provider from the model, unless it is named', () => {
    const provider = (variables: Variables) =>
      readConfig({ MODEL_KEY: 'key', ...variables }).model.primary.provider;
    expect(provider({ MODEL: 'gpt-4o-mini' })).to.equal('openai');
    expect(provider({ MODEL: 'o3' })).to.equal('openai');
    expect(provider({ MODEL: 'open-mistral-7b' })).to.equal('mistral');
    expect(provider({ MODEL: 'demo' })).to.equal('demo');
    expect(provider({ MODEL: 'gpt-4o', MODEL_PROVIDER: 'mistral' })).to.equal('mistral');
    expect(
      provider({ MODEL: 'llama3', MODEL_PROVIDER: 'openai-compatible', MODEL_BASE_URL: 'http://a/v1' }),
    ).to.equal('openai-compatible');
    expect(readConfig({ MODEL: 'gpt-4o', MODEL_KEY: 'key', MODEL_ALLOWED: 'o3' }).modelPolicy).to.deep.equal({
      defaultModel: 'gpt-4o',
      allowedModels: ['gpt-4o', 'o3'],
      maxOutputTokens: 4096,
    });
  });

  it('asks for what the provider needs, and lists the providers when the name does not show it', () => {
    expect(faultsOf({ MODEL: `${CANARY}-70b` })).to.deep.equal([
      'MODEL_PROVIDER must be set: it cannot be told from MODEL. It is one of openai, mistral, openai-compatible, demo',
    ]);
    expect(faultsOf({ MODEL: 'gpt-4o' })).to.deep.equal([
      'MODEL_KEY must be set: the provider asks for a key',
    ]);
    expect(faultsOf({ MODEL: 'mistral-small' })).to.deep.equal([
      'MODEL_KEY must be set: the provider asks for a key',
    ]);
    expect(faultsOf({ MODEL_PROVIDER: 'openai' })).to.deep.equal([
      'MODEL must be set for this MODEL_PROVIDER',
      'MODEL_KEY must be set: the provider asks for a key',
    ]);
    expect(faultsOf({ MODEL: 'llama3', MODEL_PROVIDER: 'openai-compatible' })).to.deep.equal([
      'MODEL_BASE_URL must be set for MODEL_PROVIDER openai-compatible',
    ]);
  });

  it('asks for more in production, and takes no demo there', () => {
    expect(readConfig(PRODUCTION)).to.include({ production: true, serviceKey: `${CANARY}-operator-key` });
    expect(faultsOf({ NODE_ENV: 'production' })).to.deep.equal([
      'FASTWRAP_API_KEY must be set in production',
      'MODEL must be set in production',
      'MODEL_KEY must be set in production',
      'SIGNUP must be set in production, to open or to operator',
      'MODEL_PROVIDER must not be demo in production',
    ]);
    expect(readConfig({ ...PRODUCTION, SIGNUP: 'open' }).signup).to.equal('open');
    expect(faultsOf({ ...PRODUCTION, MODEL: 'demo' })).to.deep.equal([
      'MODEL_PROVIDER must not be demo in production',
    ]);
    expect(faultsOf({ ...PRODUCTION, MODEL_PROVIDER: 'demo' })).to.deep.equal([
      'MODEL_PROVIDER must not be demo in production',
    ]);
  });

  it('names every fault at once, whatever depends on what', () => {
    expect(
      faultsOf({
        NODE_ENV: 'production',
        FASTWRAP_API_KEY: CANARY,
        PORT: CANARY,
        MODEL_PROVIDER: 'openai-compatible',
        BUDGET_TOKENS_PER_DAY: CANARY,
      }),
    ).to.have.members([
      'FASTWRAP_API_KEY must have at least 16 characters',
      'PORT must be a whole number from 0 to 65535',
      'MODEL must be set for this MODEL_PROVIDER',
      'MODEL must be set in production',
      'MODEL_KEY must be set in production',
      'SIGNUP must be set in production, to open or to operator',
      'MODEL_BASE_URL must be set for MODEL_PROVIDER openai-compatible',
      'BUDGET_TOKENS_PER_DAY must be a whole number from 0 to 1000000000000',
    ]);
    const all = { ...NUMBERS, ...TEXTS };
    const bad = Object.keys(all).filter((name) => name in NUMBERS || (TEXTS[name]?.bad.length ?? 0) > 0);
    const faults = faultsOf(
      Object.fromEntries(
        bad.map((name) => [name, name in NUMBERS ? CANARY : (TEXTS[name]?.bad[0] ?? CANARY)]),
      ),
    );
    expect(faults.map((fault) => fault.split(' ')[0])).to.have.members(bad);
  });

  it('keeps conversations on Redis where there is one, unless set otherwise', () => {
    expect(readConfig({ REDIS_HOST: 'r' }).conversationCache.kind).to.equal('redis');
    expect(readConfig({ REDIS_HOST: 'r', CONVERSATION_CACHE: 'redis' })).to.deep.equal(
      readConfig({ REDIS_URL: 'redis://r' }),
    );
    const apart = readConfig({ REDIS_HOST: 'r', CONVERSATION_CACHE: 'memory' });
    expect(apart.conversationCache.kind).to.equal('memory');
    expect(apart.redis).not.to.equal(null);
  });

  it('says in one place where Redis is', () => {
    expect(faultsOf({ CONVERSATION_CACHE: 'redis' })).to.deep.equal([
      'REDIS_URL or REDIS_HOST must be set for CONVERSATION_CACHE redis',
    ]);
    expect(faultsOf({ REDIS_HOST: CANARY, REDIS_URL: `redis://${CANARY}` })).to.deep.equal([
      'REDIS_URL must not be set beside REDIS_HOST: one of them says where Redis is',
    ]);
    expect(faultsOf({ REDIS_URL: CANARY, CONVERSATION_CACHE: 'redis' })).to.deep.equal([
      `REDIS_URL ${REDIS_URL_RULE}`,
    ]);
  });

  it('reads every way to reach Redis', () => {
    const redis = (variables: Variables) => readConfig(variables).redis;
    const login = { REDIS_USER: 'shop', REDIS_API_KEY: 'p@ss/word' };
    const credentials = { username: 'shop', password: 'p@ss/word' };
    expect(redis({ REDIS_HOST: 'r', REDIS_PORT: '7000', REDIS_TLS: 'true', ...login })).to.deep.equal({
      topology: { kind: 'single', address: { host: 'r', port: 7000 }, database: 0 },
      credentials,
      tls: true,
    });
    expect(redis({ REDIS_URL: 'rediss://shop:p%40ss%2Fword@[::1]:7000/2' })).to.deep.equal({
      topology: { kind: 'single', address: { host: '::1', port: 7000 }, database: 2 },
      credentials,
      tls: true,
    });
    expect(redis({ REDIS_URL: 'redis://r', ...login })?.credentials).to.deep.equal(credentials);
    expect(redis({ REDIS_URL: 'redis://:own@r', ...login })?.credentials).to.deep.equal({
      username: 'shop',
      password: 'own',
    });
    expect(redis({ REDIS_URL: 'redis://own@r', ...login })?.credentials).to.deep.equal({
      username: 'own',
      password: 'p@ss/word',
    });
    expect(
      redis({ REDIS_URL: 'redis+sentinel://:w@s1,s2:7000/shop/1?sentinel_user=u&sentinel_password=p' }),
    ).to.deep.equal({
      topology: {
        kind: 'sentinel',
        sentinels: [
          { host: 's1', port: 26_379 },
          { host: 's2', port: 7000 },
        ],
        master: 'shop',
        database: 1,
        sentinelCredentials: { username: 'u', password: 'p' },
      },
      credentials: { username: null, password: 'w' },
      tls: false,
    });
    expect(redis({ REDIS_URL: 'rediss+cluster://shop:p%40ss%2Fword@n1,n2:7000' })).to.deep.equal({
      topology: {
        kind: 'cluster',
        nodes: [
          { host: 'n1', port: 6379 },
          { host: 'n2', port: 7000 },
        ],
      },
      credentials,
      tls: true,
    });
  });

  it('refuses * for CORS_ORIGINS, and says why', () => {
    for (const text of ['*', 'https://shop.example.com,*', 'https://*.example.com']) {
      expect(faultsOf({ CORS_ORIGINS: text })).to.deep.equal([
        'CORS_ORIGINS must not hold *: any page that a visitor opens could then use the keys that browsers know. Name the origins',
      ]);
    }
  });

  it('takes further models of the same provider, and any at an address of its own', () => {
    const fault =
      "MODEL_ALLOWED must hold models of MODEL's provider alone: all are asked there, with its key";
    const openAi = { MODEL: 'gpt-4o', MODEL_KEY: 'key' };
    expect(faultsOf({ ...openAi, MODEL_ALLOWED: 'o3, mistral-large-latest' })).to.deep.equal([fault]);
    expect(faultsOf({ MODEL_ALLOWED: 'gpt-4o' })).to.deep.equal([fault]);
    expect(faultsOf({ ...openAi, MODEL_ALLOWED: 'o3,ft:gpt-4o:shop' })).to.deep.equal([]);
    const gateway = { MODEL_PROVIDER: 'openai-compatible', MODEL_BASE_URL: 'http://localhost:4000/v1' };
    expect(faultsOf({ MODEL: 'gpt-4o', ...gateway, MODEL_ALLOWED: 'mistral-large-latest' })).to.deep.equal(
      [],
    );
  });

  it('wants a budget that the shortest turn fits into', () => {
    const fault =
      'BUDGET_TOKENS_PER_DAY must be 0, or at least 13 more than MODEL_MAX_OUTPUT_TOKENS: no turn would fit';
    expect(faultsOf({ BUDGET_TOKENS_PER_DAY: '4108' })).to.deep.equal([fault]);
    expect(faultsOf({ BUDGET_TOKENS_PER_DAY: '4109' })).to.deep.equal([]);
    expect(faultsOf({ BUDGET_TOKENS_PER_DAY: '112', MODEL_MAX_OUTPUT_TOKENS: '100' })).to.deep.equal([fault]);
    expect(faultsOf({ BUDGET_TOKENS_PER_DAY: '0', MODEL_MAX_OUTPUT_TOKENS: '1000000' })).to.deep.equal([]);
  });

  it('wants a service key where only the operator may sign clients up', () => {
    expect(faultsOf({ SIGNUP: 'operator' })).to.deep.equal([
      'FASTWRAP_API_KEY must be set for SIGNUP operator: nobody could sign up',
    ]);
    const config = readConfig({ SIGNUP: 'operator', FASTWRAP_API_KEY: 'a-service-key-of-24-bytes' });
    expect(config.signup).to.equal('operator');
  });

  it('refuses a provider address that holds a password, which no request could be sent to', () => {
    expect(faultsOf({ MODEL_BASE_URL: `http://user:${CANARY}@localhost/v1` })).to.deep.equal([
      'MODEL_BASE_URL must not hold a user or password',
    ]);
  });

  it('describes a fallback as it describes the model, with faults of its own name', () => {
    const fallback = { MODEL_FALLBACK: 'gpt-4o-mini', MODEL_FALLBACK_KEY: 'k' };
    expect(readConfig(fallback).model.fallback).to.deep.equal({
      provider: 'openai',
      model: 'gpt-4o-mini',
      apiKey: 'k',
      baseUrl: null,
    });
    expect(faultsOf({ MODEL_FALLBACK: 'gpt-4o-mini' })).to.deep.equal([
      'MODEL_FALLBACK_KEY must be set: the provider asks for a key',
    ]);
    expect(
      faultsOf({ MODEL_FALLBACK: 'llama3.2', MODEL_FALLBACK_PROVIDER: 'openai-compatible' }),
    ).to.deep.equal(['MODEL_FALLBACK_BASE_URL must be set for MODEL_FALLBACK_PROVIDER openai-compatible']);
    expect(faultsOf({ ...PRODUCTION, MODEL_FALLBACK: 'demo' })).to.deep.equal([
      'MODEL_FALLBACK_PROVIDER must not be demo in production',
    ]);
  });

  it('traces when there is a key and nobody has said no', () => {
    const traced = {
      LANGCHAIN_API_KEY: 'k',
      TRACING_ENDPOINT: 'http://localhost:1',
      TRACING_PROJECT: 'shop',
    };
    expect(readConfig(traced).tracing).to.deep.equal({
      apiKey: 'k',
      endpoint: 'http://localhost:1',
      project: 'shop',
    });
    expect(readConfig({ ...traced, LANGSMITH_TRACING_V2: 'false' }).tracing).to.equal(null);
  });

  it('cannot be changed at any depth', () => {
    const check = (value: object, path: string): void => {
      expect(Object.isFrozen(value), path).to.equal(true);
      for (const [name, inner] of Object.entries(value)) {
        if (typeof inner === 'object' && inner !== null) check(inner, `${path}.${name}`);
      }
    };
    check(readConfig(PRODUCTION), 'config');
  });
});
