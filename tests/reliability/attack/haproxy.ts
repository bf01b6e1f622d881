import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { freePort } from '#tests/support/processes/free-port.js';

const HOST = '127.0.0.1';
const PATHS = ['haproxy', '/usr/sbin/haproxy', '/usr/local/sbin/haproxy'];

/** The timeouts of HAProxy's own starter configuration, and the caller's address for the service. */
const configuration = (port: number, service: string) => `
global
  maxconn 4000
defaults
  mode http
  option forwardfor
  timeout connect 5s
  timeout client 60s
  timeout server 90s
  timeout http-request 10s
  timeout http-keep-alive 65s
frontend callers
  bind ${HOST}:${port}
  default_backend service
backend service
  server fastwrap ${service}
`;

/** HAProxy on a free port before one service. */
export class HaProxy {
  readonly #child: ChildProcess;
  readonly #folder: TestFolder;

  private constructor(
    readonly url: string,
    child: ChildProcess,
    folder: TestFolder,
  ) {
    this.#child = child;
    this.#folder = folder;
  }

  /** Its program, or null where there is none. */
  static find(): string | null {
    return PATHS.find((path) => spawnSync(path, ['-v']).status === 0) ?? null;
  }

  static async start(serviceUrl: string): Promise<HaProxy> {
    const program = HaProxy.find();
    if (program === null) throw new Error('there is no haproxy on this machine');
    const port = await freePort(HOST);
    const folder = await makeTestFolder();
    const file = join(folder.path, 'haproxy.cfg');
    await writeFile(file, configuration(port, new URL(serviceUrl).host));
    const child = spawn(program, ['-db', '-f', file], { stdio: 'ignore' });
    const proxy = new HaProxy(`http://${HOST}:${port}`, child, folder);
    for (;;) {
      if (child.exitCode !== null) throw new Error(`haproxy ended with ${child.exitCode}`);
      const isReady = await fetch(`${proxy.url}/livez`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return proxy;
      await delay(20);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await gone;
    }
    await this.#folder.remove();
  }
}
