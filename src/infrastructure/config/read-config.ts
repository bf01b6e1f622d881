import { detectProvider, PROVIDERS, type Provider } from '#src/domain/model-provider.js';
import type { Config, DatabaseConfig } from './config.js';
import { type Environment, environmentSchema, UNSUPPORTED_VARIABLES } from './environment-schema.js';

const DEMO_MODEL = 'demo';

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
  const provider = chooseProvider(environment);
  const malformed = new Set(faults.map(variableOf));
  const dependent = [...modelFaults(environment, provider), ...productionFaults(environment, provider)];
  faults.push(...dependent.filter((fault) => !malformed.has(variableOf(fault))));
  for (const [name, harmless] of Object.entries(UNSUPPORTED_VARIABLES)) {
    if (name in given && given[name] !== harmless) faults.push(`${name} is not supported by this version`);
  }
  if (environment.SIGNUP === 'operator' && environment.FASTWRAP_API_KEY === undefined) {
    faults.push('FASTWRAP_API_KEY must be set for SIGNUP operator: nobody could sign up');
  }
  if (faults.length > 0 || provider === null) throw new ConfigError(faults);
  return freeze(toConfig(environment, provider));
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

/** Null when it cannot be told from the name. */
function chooseProvider({ MODEL_PROVIDER, MODEL }: Environment): Provider | null {
  return MODEL_PROVIDER ?? detectProvider(MODEL ?? DEMO_MODEL);
}

function modelFaults(environment: Environment, provider: Provider | null): string[] {
  if (provider === null) {
    return [`MODEL_PROVIDER must be set: it cannot be told from MODEL. It is one of ${PROVIDERS.join(', ')}`];
  }
  const faults: string[] = [];
  if (provider !== 'demo' && environment.MODEL === undefined) {
    faults.push('MODEL must be set for this MODEL_PROVIDER');
  }
  if ((provider === 'openai' || provider === 'mistral') && environment.MODEL_KEY === undefined) {
    faults.push('MODEL_KEY must be set: the provider asks for a key');
  }
  if (provider === 'openai-compatible' && environment.MODEL_BASE_URL === undefined) {
    faults.push('MODEL_BASE_URL must be set for MODEL_PROVIDER openai-compatible');
  }
  return faults;
}

function productionFaults(environment: Environment, provider: Provider | null): string[] {
  if (environment.NODE_ENV !== 'production') return [];
  const required = (['FASTWRAP_API_KEY', 'MODEL', 'MODEL_KEY'] as const)
    .filter((name) => environment[name] === undefined)
    .map((name) => `${name} must be set in production`);
  return provider === 'demo' ? [...required, 'MODEL_PROVIDER must not be demo in production'] : required;
}

function toConfig(environment: Environment, provider: Provider): Config {
  const model = environment.MODEL ?? DEMO_MODEL;
  return {
    production: environment.NODE_ENV === 'production',
    host: environment.HOST,
    port: environment.PORT,
    serviceKey: environment.FASTWRAP_API_KEY ?? null,
    secret: environment.FASTWRAP_SECRET ?? null,
    signup: environment.SIGNUP,
    model: {
      provider,
      apiKey: environment.MODEL_KEY ?? null,
      baseUrl: environment.MODEL_BASE_URL ?? null,
      totalMs: environment.MODEL_TOTAL_MS,
    },
    modelPolicy: {
      defaultModel: model,
      allowedModels: [...new Set([model, ...environment.MODEL_ALLOWED])],
      maxOutputTokens: environment.MODEL_MAX_OUTPUT_TOKENS,
    },
    conversationCache: {
      kind: environment.CONVERSATION_CACHE,
      maxConversations: environment.CONVERSATION_CACHE_MAX,
      maxBytes: environment.CONVERSATION_CACHE_MAX_BYTES,
    },
    database: toDatabase(environment.DATABASE_URL),
    historyBounds: {
      maxMessages: environment.HISTORY_MAX_MESSAGES,
      maxTokens: environment.HISTORY_MAX_TOKENS,
    },
    logLevel: environment.LOG_LEVEL,
    shutdownGraceMs: environment.SHUTDOWN_GRACE_MS,
  };
}

function toDatabase(url: string): DatabaseConfig {
  return url === 'memory:' ? { kind: 'memory' } : { kind: 'sqlite', path: url.slice('sqlite:'.length) };
}

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) freeze(inner);
  }
  return Object.freeze(value);
}
