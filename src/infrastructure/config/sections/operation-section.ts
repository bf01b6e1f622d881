import { z } from 'zod';
import type { Config } from '../config.js';
import { MAX_TIMER_MS, oneOf, ruled, variable, wholeNumber } from '../variable.js';

export const operationVariables = {
  NODE_ENV: variable(
    z
      .string()
      .refine((value) => value === 'production' || !/^prod/i.test(value), 'must be spelled production')
      .optional(),
    {
      description:
        '`production` makes `FASTWRAP_API_KEY`, `MODEL`, `MODEL_KEY` and `SIGNUP` required, and refuses the demo model',
      example: 'production',
    },
  ),
  HOST: variable(ruled(z.string(), 'a host name or address').default('127.0.0.1'), {
    description: 'What the service listens on',
  }),
  PORT: variable(wholeNumber(0, 65_535, 8555), {
    description:
      'The port that the service listens on; 0 takes any free one. With docker compose the port on this machine',
  }),
  LOG_LEVEL: variable(oneOf('debug', 'info', 'warn', 'error', 'silent').default('info'), {
    description: 'From which level on lines are logged; the audit log is at `info`',
    see: 'docs/operations/audit-log.md',
  }),
  START_TIMEOUT_MS: variable(wholeNumber(1, MAX_TIMER_MS, 60_000), {
    description:
      'How long the start may take, in milliseconds. One that takes longer ends with one line that names the step at which it hangs',
  }),
  SHUTDOWN_GRACE_MS: variable(wholeNumber(0, MAX_TIMER_MS, 25_000), {
    description:
      'How long running requests may take to end after SIGTERM, in milliseconds. It stays below the time after which the supervisor kills (docker-compose.yml: 30 s)',
    see: 'docs/operations/shutdown.md',
  }),
};

type OperationEnvironment = z.infer<z.ZodObject<typeof operationVariables>>;

export function toOperation(
  environment: OperationEnvironment,
): Pick<Config, 'production' | 'host' | 'port' | 'logLevel' | 'startTimeoutMs' | 'shutdownGraceMs'> {
  return {
    production: environment.NODE_ENV === 'production',
    host: environment.HOST,
    port: environment.PORT,
    logLevel: environment.LOG_LEVEL,
    startTimeoutMs: environment.START_TIMEOUT_MS,
    shutdownGraceMs: environment.SHUTDOWN_GRACE_MS,
  };
}
