import type { z } from 'zod';
import type { TracingConfig } from '../config.js';
import { atMost, httpUrl, oneOf, ruled, variable, visibleAscii } from '../variable.js';

export const tracingVariables = {
  LANGCHAIN_API_KEY: variable(ruled(visibleAscii, 'visible ASCII characters').optional(), {
    description:
      "LangSmith's key: with it every turn is traced there, prompts and replies included; without it nothing is sent",
  }),
  LANGSMITH_TRACING_V2: variable(oneOf('true', 'false').default('true'), {
    description: '`false`: no traces in spite of the key',
  }),
  TRACING_ENDPOINT: variable(httpUrl.default('https://api.smith.langchain.com'), {
    description: 'Where LangSmith takes traces, in the region of the account',
  }),
  TRACING_PROJECT: variable(atMost(200).default('fastwrap'), {
    description: 'The project that traces go to',
  }),
};

type TracingEnvironment = z.infer<z.ZodObject<typeof tracingVariables>>;

/** Null: nothing is traced. */
export function toTracing(environment: TracingEnvironment): TracingConfig | null {
  const { LANGCHAIN_API_KEY, LANGSMITH_TRACING_V2, TRACING_ENDPOINT, TRACING_PROJECT } = environment;
  if (LANGCHAIN_API_KEY === undefined || LANGSMITH_TRACING_V2 === 'false') return null;
  return { apiKey: LANGCHAIN_API_KEY, endpoint: TRACING_ENDPOINT, project: TRACING_PROJECT };
}
