import type { z } from 'zod';
import { PROVIDERS } from '#src/domain/models/model-provider.js';
import type { Config, ProviderConfig } from '../config.js';
import {
  atMost,
  httpUrl,
  MAX_TIMER_MS,
  nameList,
  oneOf,
  ruled,
  variable,
  visibleAscii,
  wholeNumber,
} from '../variable.js';

const apiKey = ruled(visibleAscii, 'visible ASCII characters');

export const modelVariables = {
  MODEL: variable(atMost(200).optional(), {
    description: 'The model that answers; `demo` works offline. Required in production',
    byDefault: '`demo`',
    example: 'demo',
    see: 'docs/models.md',
  }),
  MODEL_KEY: variable(apiKey.optional(), {
    description: "The provider's key. `openai` and `mistral` need it. Required in production",
  }),
  MODEL_PROVIDER: variable(oneOf(...PROVIDERS).optional(), {
    description: 'Who serves the model; to be set where the name does not tell',
    byDefault: 'told from `MODEL`',
    example: 'openai-compatible',
  }),
  MODEL_BASE_URL: variable(httpUrl.optional(), {
    description:
      'Where the provider is, with its `/v1`. `openai-compatible` needs it. With docker compose a server on this machine is `http://host.docker.internal:11434/v1`',
    byDefault: "the provider's own",
    example: 'http://127.0.0.1:11434/v1',
  }),
  MODEL_ALLOWED: variable(ruled(nameList, 'names, separated by commas').default([]), {
    description: 'Further models of the same provider that a character may choose',
    byDefault: '`MODEL` alone',
  }),
  MODEL_MAX_OUTPUT_TOKENS: variable(wholeNumber(1, 1_000_000, 4096), {
    description: 'The cap for one reply, in tokens; a character may ask for less',
  }),
  MODEL_FALLBACK: variable(atMost(200).optional(), {
    description: 'A second model, asked when the first fails before its first word',
    see: 'docs/models.md#when-a-model-fails',
  }),
  MODEL_FALLBACK_KEY: variable(apiKey.optional(), { description: 'As `MODEL_KEY`, for the fallback' }),
  MODEL_FALLBACK_PROVIDER: variable(oneOf(...PROVIDERS).optional(), {
    description: 'As `MODEL_PROVIDER`, for the fallback',
    byDefault: 'told from `MODEL_FALLBACK`',
    example: 'openai-compatible',
  }),
  MODEL_FALLBACK_BASE_URL: variable(httpUrl.optional(), {
    description: 'As `MODEL_BASE_URL`, for the fallback',
    byDefault: "the provider's own",
    example: 'http://127.0.0.1:11434/v1',
  }),
  MODEL_CHECK: variable(oneOf('true', 'false').default('true'), {
    description:
      '`true`: the start asks the provider once, in the background and at no cost, for its list of models, and tells of a key or a name that it refuses',
    see: 'docs/models.md#when-a-model-fails',
  }),
  MODEL_FIRST_TOKEN_MS: variable(wholeNumber(1, MAX_TIMER_MS, 15_000), {
    description:
      "How long a streamed call may take to its first word, in milliseconds, a model's thinking included; a retry begins within it",
  }),
  MODEL_CHUNK_MS: variable(wholeNumber(1, MAX_TIMER_MS, 10_000), {
    description: 'How long a stream may be silent between two pieces, in milliseconds',
  }),
  MODEL_TOTAL_MS: variable(wholeNumber(1, MAX_TIMER_MS, 60_000), {
    description: 'How long one turn may wait for models, with everything that is tried, in milliseconds',
  }),
};

type ModelEnvironment = z.infer<z.ZodObject<typeof modelVariables>>;

export function toModels(
  environment: ModelEnvironment,
  primary: ProviderConfig,
  fallback: ProviderConfig | null,
): Pick<Config, 'model' | 'modelPolicy'> {
  return {
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
  };
}
