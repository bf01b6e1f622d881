import type { Config, ProviderConfig } from './config.js';
import {
  describeModels,
  modelFaults,
  policyFaults,
  productionFaults,
  toProvider,
} from './described-models.js';
import { type Environment, environmentSchema } from './environment-schema.js';
import { accessFaults, toAccess } from './sections/access-section.js';
import { toConversations } from './sections/conversation-section.js';
import { toLimits } from './sections/limit-section.js';
import { toModels } from './sections/model-section.js';
import { toOperation } from './sections/operation-section.js';
import { redisFaults, toRedisSettings } from './sections/redis-section.js';
import { toDatabase } from './sections/storage-section.js';
import { toTracing } from './sections/tracing-section.js';

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
  // In production it must be set whatever else is.
  if (environment.NODE_ENV !== 'production') faults.push(...accessFaults(environment));
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
    ...toOperation(environment),
    ...toAccess(environment),
    ...toModels(environment, primary, fallback),
    ...toConversations(environment, redis !== null),
    ...toLimits(environment),
    tracing: toTracing(environment),
    database: toDatabase(environment.DATABASE_URL),
    redis,
  };
}

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) freeze(inner);
  }
  return Object.freeze(value);
}
