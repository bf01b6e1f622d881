import type { Clock } from '#src/application/ports/system/clock.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { AppError } from '#src/domain/errors.js';
import type { Provider } from '#src/domain/models/model-provider.js';
import { ProviderFailure } from './transport/provider-failure.js';

export interface ModelSettingsOptions {
  readonly provider: Provider;
  /** What the variables of this model begin with. */
  readonly variables: 'MODEL' | 'MODEL_FALLBACK';
  /** The model that the first of them names. */
  readonly model: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Refused = 'key' | 'access' | 'name' | 'quota';

const WORDS: Readonly<Record<Refused, string>> = {
  key: 'the provider refuses the key',
  access: 'the provider does not let the key use the model',
  name: 'the provider does not know the model',
  quota: 'the provider says that the quota of the key is used up',
};
/** Each mistake is logged once in this time, however many turns fail of it. */
const TOLD_EVERY_MS = 60_000;

/**
 * What a provider's error responses say of the operator's settings: in the log, and for as long as nothing speaks against it. The
 * models that it knows are those that the operator allows, and so are its bounds.
 */
export class ModelSettings {
  readonly #options: ModelSettingsOptions;
  /** By their names, or for what the key may not use. */
  readonly #refused = new Set<string>();
  readonly #reportedAtMs = new Map<string, number>();
  #isKeyRefused = false;

  constructor(options: ModelSettingsOptions) {
    this.#options = options;
  }

  /** Whether calls to it cannot succeed before the operator has changed something. */
  isRefused(model: string): boolean {
    return this.#isKeyRefused || this.#refused.has(model);
  }

  answered(model: string): void {
    this.#isKeyRefused = false;
    this.#refused.delete(model);
  }

  /** @param error whatever a call to the model threw. */
  failed(model: string, error: unknown): void {
    const failure = error instanceof AppError ? error.cause : error;
    if (!(failure instanceof ProviderFailure)) return;
    const refused = refusedBy(failure);
    if (refused !== null) this.#refuse(model, refused, failure.status);
  }

  /** The provider's list does not have it, which gateways that take any name do not mean as a denial. */
  suspect(model: string): void {
    const { provider, logger } = this.#options;
    const setting = this.#settingOf(model, 'name');
    logger.warn({ model, provider, setting }, 'the provider does not list the model');
  }

  #refuse(model: string, refused: Refused, status: number | undefined): void {
    const { provider, clock, logger } = this.#options;
    const isOfModel = refused === 'name' || refused === 'access';
    if (refused === 'key') this.#isKeyRefused = true;
    if (isOfModel) this.#refused.add(model);
    const topic = isOfModel ? `${refused} ${model}` : refused;
    const nowMs = clock.monotonicMs();
    if (nowMs - (this.#reportedAtMs.get(topic) ?? Number.NEGATIVE_INFINITY) < TOLD_EVERY_MS) return;
    this.#reportedAtMs.set(topic, nowMs);
    logger.error({ model, provider, status, setting: this.#settingOf(model, refused) }, WORDS[refused]);
  }

  #settingOf(model: string, refused: Refused): string {
    const { variables, model: configured, provider } = this.#options;
    if (refused !== 'name') return `${variables}_KEY`;
    const name = model === configured ? variables : 'MODEL_ALLOWED';
    return provider === 'openai-compatible' ? `${name}, ${variables}_BASE_URL` : name;
  }
}

/** A 403 is meant for the model, or for the conversation, of which it then says so: the key is good for others. */
function refusedBy({ status, code }: ProviderFailure): Refused | null {
  if (code === 'quota_exhausted' || status === 402) return 'quota';
  if (code === 'model_unknown' || status === 404) return 'name';
  if (status === 401) return 'key';
  return status === 403 && code === undefined ? 'access' : null;
}
