import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ServerProcess } from '#tests/support/processes/server-process.js';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** No file grows beyond so many KiB: what a full disk is to it. */
  readonly maxFileKib?: number;
}

const INFRASTRUCTURE = new URL('../../../src/infrastructure/', import.meta.url);

/** A command of the service, as the image runs it. */
export async function operate(
  command: 'backup' | 'restore',
  folder: string,
  { cwd, env = {}, maxFileKib }: CommandOptions,
): Promise<Outcome> {
  const script = fileURLToPath(new URL(`${command}.js`, INFRASTRUCTURE));
  const limit = maxFileKib === undefined ? '' : `ulimit -f ${maxFileKib};`;
  const child = spawn('bash', ['-c', `${limit} exec "$0" "$@"`, process.execPath, script, folder], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** Starts the service where it should refuse to. */
export async function startAndFail(
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const server = ServerProcess.spawn({ cwd, env: { PORT: '0', LOG_LEVEL: 'warn', ...env } });
  const outcome = await Promise.race([
    server.exited,
    server.url().then(
      () => null,
      () => server.exited,
    ),
  ]);
  if (outcome === null) await server.kill();
  return { code: outcome?.code ?? 0, stdout: server.stdout, stderr: server.stderr };
}

/** @throws Error unless it failed with one line for people. */
export function assertOneLine({ code, stderr }: Outcome): string {
  if (code === 0) throw new Error('it did not fail');
  if (!/^[^\n]+\n$/.test(stderr) || /\n\s+at |node_modules/.test(stderr)) {
    throw new Error(`not one line: ${stderr}`);
  }
  return stderr.trim();
}
