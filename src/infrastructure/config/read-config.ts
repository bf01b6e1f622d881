import type { Config, DatabaseConfig, ProviderConfig, TracingConfig } from './config.js';
import {
  describeModels,
  modelFaults,
  policyFaults,
  productionFaults,
  toProvider,
} from './described-models.js';
import { type Environment, environmentSchema } from './environment-schema.js';
import { redisFaults, toRedisSettings } from './redis-config.js';

/** Names every faulty variable and its rule, and never a value. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is not valid:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * @param variables as `process.env` has them; an empty one counts as absent.
 * @throws ConfigError
 */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  const { environment, faults } = checkForms(given);
  const { primary, fallback } = describeModels(environment);
  const malformed = new Set(faults.map(variableOf));
  const dependent = [
    ...modelFaults(primary),
    ...(fallback === null ? [] : modelFaults(fallback)),
    ...policyFaults(environment, primary),
    ...productionFaults(environment, primary, fallback),
    ...redisFaults(environment),
  ];
  faults.push(...dependent.filter((fault) => !malformed.has(variableOf(fault))));
  const isProduction = environment.NODE_ENV === 'production';
  if (environment.SIGNUP === 'operator' && environment.FASTWRAP_API_KEY === undefined && !isProduction) {
    faults.push('FASTWRAP_API_KEY must be set for SIGNUP operator: nobody could sign up');
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return freeze(toConfig(environment, toProvider(primary), fallback && toProvider(fallback)));
}

/** Every variable by itself. The environment is what is left without the malformed ones, so that one start names all faults. */
function checkForms(given: Readonly<Record<string, unknown>>): {
  environment: Environment;
  faults: string[];
} {
  const parsed = environmentSchema.safeParse(given);
  if (parsed.success) return { environment: parsed.data, faults: [] };
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  const malformed = new Set(faults.map(variableOf));
  const wellFormed = Object.entries(given).filter(([name]) => !malformed.has(name));
  return { environment: environmentSchema.parse(Object.fromEntries(wellFormed)), faults };
}

/** A fault begins with the variable's name. */
function variableOf(fault: string): string {
  return fault.slice(0, fault.indexOf(' '));
}

function toConfig(
  environment: Environment,
  primary: ProviderConfig,
  fallback: ProviderConfig | null,
): Config {
  const redis = toRedisSettings(environment);
  return {
    production: environment.NODE_ENV === 'production',
    host: environment.HOST,
    port: environment.PORT,
    serviceKey: environment.FASTWRAP_API_KEY ?? null,
    secret: environment.FASTWRAP_SECRET ?? null,
    signup: environment.SIGNUP ?? 'open',
    limits: {
      ipPerMinute: environment.LIMIT_IP_PER_MINUTE,
      chatPerMinute: environment.LIMIT_CHAT_PER_MINUTE,
      requestsPerMinute: environment.LIMIT_REQUESTS_PER_MINUTE,
      concurrentTurns: environment.LIMIT_CONCURRENT_TURNS,
      signupsPerHour: environment.LIMIT_SIGNUPS_PER_HOUR,
      passwordsPer15Minutes: environment.LIMIT_PASSWORDS_PER_15_MINUTES,
      badKeysPerMinute: environment.LIMIT_BAD_KEYS_PER_MINUTE,
    },
    instances: environment.INSTANCES,
    connectionsPerAddress: environment.LIMIT_CONNECTIONS_PER_ADDRESS,
    trustedProxies: environment.TRUST_PROXY,
    corsOrigins: environment.CORS_ORIGINS,
    model: {
      primary,
      fallback,
      deadlines: {
        firstTokenMs: environment.MODEL_FIRST_TOKEN_MS,
        chunkMs: environment.MODEL_CHUNK_MS,
        totalMs: environment.MODEL_TOTAL_MS,
      },
      check: environment.MODEL_CHECK === 'true',
    },
    modelPolicy: {
      defaultModel: primary.model,
      allowedModels: [...new Set([primary.model, ...environment.MODEL_ALLOWED])],
      maxOutputTokens: environment.MODEL_MAX_OUTPUT_TOKENS,
    },
    tracing: toTracing(environment),
    redis,
    conversationCache: {
      kind: environment.CONVERSATION_CACHE ?? (redis === null ? 'memory' : 'redis'),
      maxConversations: environment.CONVERSATION_CACHE_MAX,
      maxBytes: environment.CONVERSATION_CACHE_MAX_BYTES,
      maxWaiting: environment.CONVERSATION_QUEUE_MAX,
    },
    database: toDatabase(environment.DATABASE_URL),
    historyBounds: {
      maxMessages: environment.HISTORY_MAX_MESSAGES,
      maxTokens: environment.HISTORY_MAX_TOKENS,
    },
    budgetTokensPerDay: environment.BUDGET_TOKENS_PER_DAY,
    logLevel: environment.LOG_LEVEL,
    startTimeoutMs: environment.START_TIMEOUT_MS,
    shutdownGraceMs: environment.SHUTDOWN_GRACE_MS,
  };
}

function toTracing(environment: Environment): TracingConfig | null {
  const { LANGCHAIN_API_KEY, LANGSMITH_TRACING_V2, TRACING_ENDPOINT, TRACING_PROJECT } = environment;
  if (LANGCHAIN_API_KEY === undefined || LANGSMITH_TRACING_V2 === 'false') return null;
  return { apiKey: LANGCHAIN_API_KEY, endpoint: TRACING_ENDPOINT, project: TRACING_PROJECT };
}

export function toDatabase(url: string): DatabaseConfig {
  return url === 'memory:' ? { kind: 'memory' } : { kind: 'sqlite', path: url.slice('sqlite:'.length) };
}

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) freeze(inner);
  }
  return Object.freeze(value);
}
