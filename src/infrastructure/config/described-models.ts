import { toChatMessages } from '#src/domain/conversations/chat-message.js';
import { detectProvider, PROVIDERS, type Provider } from '#src/domain/models/model-provider.js';
import { estimateMaxTokens } from '#src/domain/models/token-estimate.js';
import type { ProviderConfig } from './config.js';
import type { Environment } from './environment-schema.js';

const DEMO_MODEL = 'demo';

/** One model as the variables have it, with the name that they begin with. */
export interface DescribedModel {
  readonly prefix: 'MODEL' | 'MODEL_FALLBACK';
  readonly model: string | undefined;
  /** Null when it cannot be told from the name. */
  readonly provider: Provider | null;
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
}

export function describeModels(environment: Environment): {
  primary: DescribedModel;
  fallback: DescribedModel | null;
} {
  const { MODEL, MODEL_FALLBACK } = environment;
  const primary: DescribedModel = {
    prefix: 'MODEL',
    model: MODEL,
    provider: environment.MODEL_PROVIDER ?? detectProvider(MODEL ?? DEMO_MODEL),
    apiKey: environment.MODEL_KEY,
    baseUrl: environment.MODEL_BASE_URL,
  };
  if (MODEL_FALLBACK === undefined) return { primary, fallback: null };
  const fallback: DescribedModel = {
    prefix: 'MODEL_FALLBACK',
    model: MODEL_FALLBACK,
    provider: environment.MODEL_FALLBACK_PROVIDER ?? detectProvider(MODEL_FALLBACK),
    apiKey: environment.MODEL_FALLBACK_KEY,
    baseUrl: environment.MODEL_FALLBACK_BASE_URL,
  };
  return { primary, fallback };
}

export function modelFaults({ prefix, model, provider, apiKey, baseUrl }: DescribedModel): string[] {
  if (provider === null) {
    return [
      `${prefix}_PROVIDER must be set: it cannot be told from ${prefix}. It is one of ${PROVIDERS.join(', ')}`,
    ];
  }
  const faults: string[] = [];
  if (provider !== 'demo' && model === undefined) {
    faults.push(`${prefix} must be set for this ${prefix}_PROVIDER`);
  }
  if ((provider === 'openai' || provider === 'mistral') && apiKey === undefined) {
    faults.push(`${prefix}_KEY must be set: the provider asks for a key`);
  }
  if (provider === 'openai-compatible' && baseUrl === undefined) {
    faults.push(`${prefix}_BASE_URL must be set for ${prefix}_PROVIDER openai-compatible`);
  }
  return faults;
}

/** What a turn holds of the budget besides the cap of its reply, when all its texts are as short as they may be. */
const LEAST_PROMPT_TOKENS = estimateMaxTokens(
  toChatMessages({ instructions: 'x', greeting: null, history: [], message: 'x' }),
  0,
);

/** Rules between the models, their cap and the budget. */
export function policyFaults(environment: Environment, { provider, baseUrl }: DescribedModel): string[] {
  const faults: string[] = [];
  // A server at an address of its own gives its models any name.
  const isForeign = (model: string) => ![null, provider].includes(detectProvider(model));
  if (provider !== null && baseUrl === undefined && environment.MODEL_ALLOWED.some(isForeign)) {
    faults.push(
      "MODEL_ALLOWED must hold models of MODEL's provider alone: all are asked there, with its key",
    );
  }
  const budget = environment.BUDGET_TOKENS_PER_DAY;
  if (budget > 0 && budget < environment.MODEL_MAX_OUTPUT_TOKENS + LEAST_PROMPT_TOKENS) {
    faults.push(
      `BUDGET_TOKENS_PER_DAY must be 0, or at least ${LEAST_PROMPT_TOKENS} more than MODEL_MAX_OUTPUT_TOKENS: no turn would fit`,
    );
  }
  return faults;
}

export function productionFaults(
  environment: Environment,
  primary: DescribedModel,
  fallback: DescribedModel | null,
): string[] {
  if (environment.NODE_ENV !== 'production') return [];
  const required = (['FASTWRAP_API_KEY', 'MODEL', 'MODEL_KEY'] as const)
    .filter((name) => environment[name] === undefined)
    .map((name) => `${name} must be set in production`);
  const demos = [primary, fallback]
    .filter((described) => described?.provider === 'demo')
    .map((described) => `${described?.prefix}_PROVIDER must not be demo in production`);
  const signup =
    environment.SIGNUP === undefined ? ['SIGNUP must be set in production, to open or to operator'] : [];
  return [...required, ...signup, ...demos];
}

/** After the faults have been looked for. */
export function toProvider({ model, provider, apiKey, baseUrl }: DescribedModel): ProviderConfig {
  if (provider === null) throw new Error('a model without a provider is a fault');
  return { provider, model: model ?? DEMO_MODEL, apiKey: apiKey ?? null, baseUrl: baseUrl ?? null };
}
