import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '#src/application/ports/logger.js';
import { Application, type Override } from '#src/infrastructure/application.js';
import { readConfig } from '#src/infrastructure/config/read-config.js';
import { PASSWORDS } from '#src/infrastructure/tokens.js';
import { FastPasswordHasher } from '#tests/support/fast-password-hasher.js';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function recordingLogger(lines: LogLine[]): Logger {
  const keep = (level: LogLine['level']) => (fields: LogLine['fields'], message: string) => {
    lines.push({ level, fields, message });
  };
  return { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}

export interface TestApp {
  readonly url: string;
  readonly logLines: readonly LogLine[];
  stop(): Promise<void>;
}

export interface TestAppOptions {
  /** Over the defaults: memory storage, the demo model, a free port, no limits. */
  readonly env?: Readonly<Record<string, string>>;
  /** Keep the real, slow password hashes. */
  readonly realPasswords?: boolean;
  readonly override?: Override;
}

/** Tests send more from one address than any caller would: limits are on where they are the subject. */
export const NO_LIMITS: Readonly<Record<string, string>> = {
  LIMIT_IP_PER_MINUTE: '0',
  LIMIT_CHAT_PER_MINUTE: '0',
  LIMIT_REQUESTS_PER_MINUTE: '0',
  LIMIT_CONCURRENT_TURNS: '0',
  LIMIT_SIGNUPS_PER_HOUR: '0',
  LIMIT_PASSWORDS_PER_15_MINUTES: '0',
  LIMIT_BAD_KEYS_PER_MINUTE: '0',
  LIMIT_CONNECTIONS_PER_ADDRESS: '0',
};

/** The real service on a free port. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const logLines: LogLine[] = [];
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: 'memory:',
    SHUTDOWN_GRACE_MS: '2000',
    MODEL_CHECK: 'false',
    ...NO_LIMITS,
    ...options.env,
  });
  const application = await Application.start(config, recordingLogger(logLines), {
    override: (container) => {
      if (options.realPasswords !== true)
        container.rebind(PASSWORDS).toConstantValue(new FastPasswordHasher());
      options.override?.(container);
    },
  });
  return { url: application.url, logLines, stop: () => application.stop() };
}

export interface TestFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function makeTestFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'fastwrap-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
