import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { makeTestFolder, type TestFolder } from '../support/fixtures/test-app.js';
import { freePort } from '../support/processes/free-port.js';
import { RedisServer } from '../support/processes/redis-server.js';

const HOST = '127.0.0.1';
const PASSWORD = 'servers-password';
const SENTINEL_PASSWORD = 'sentinels-password';
const NAME = 'fastwrap';
const SENTINELS = 3;
const REPLICAS = 2;
const DOWN_AFTER_MS = 1000;

/** A master, two replicas, and three sentinels that watch them. */
export class RedisSentinels {
  readonly #servers: readonly RedisServer[];
  readonly #sentinels: readonly ChildProcess[];
  readonly #ports: readonly number[];
  readonly #folder: TestFolder;

  private constructor(
    servers: readonly RedisServer[],
    sentinels: readonly ChildProcess[],
    ports: readonly number[],
    folder: TestFolder,
  ) {
    this.#servers = servers;
    this.#sentinels = sentinels;
    this.#ports = ports;
    this.#folder = folder;
  }

  static async start(): Promise<RedisSentinels> {
    const login = [`--requirepass ${PASSWORD}`, `--masterauth ${PASSWORD}`, '--repl-diskless-sync-delay 0'];
    const master = await RedisServer.start(...login);
    const servers = [master];
    while (servers.length <= REPLICAS) {
      servers.push(await RedisServer.start(...login, `--replicaof ${HOST} ${master.port}`));
    }
    const folder = await makeTestFolder();
    const ports: number[] = [];
    const sentinels: ChildProcess[] = [];
    while (sentinels.length < SENTINELS) {
      const port = await freePort(HOST);
      ports.push(port);
      sentinels.push(await startSentinel(folder, port, master.port));
    }
    const started = new RedisSentinels(servers, sentinels, ports, folder);
    await started.#acquainted();
    return started;
  }

  get url(): string {
    const hosts = this.#ports.map((port) => `${HOST}:${port}`).join(',');
    return `redis+sentinel://:${PASSWORD}@${hosts}/${NAME}?sentinel_password=${SENTINEL_PASSWORD}`;
  }

  /** The port of the master, as the sentinels have it. */
  async masterPort(): Promise<number> {
    const reply = await this.#ask('GET-MASTER-ADDR-BY-NAME', NAME);
    return Array.isArray(reply) ? Number(reply[1]) : 0;
  }

  /** A client of the master that there is now. */
  async connectToMaster(): Promise<Redis> {
    return new Redis({ host: HOST, port: await this.masterPort(), password: PASSWORD });
  }

  /** @param replicasBehindMs how long the replicas receive nothing before. */
  async killMaster(replicasBehindMs: number): Promise<void> {
    const port = await this.masterPort();
    const replicas = this.#servers.filter((server) => server.port !== port);
    if (replicasBehindMs > 0) {
      for (const replica of replicas) replica.freeze();
      // Else they would find it in their sockets when they go on.
      const master = await this.connectToMaster();
      await master.call('CLIENT', 'KILL', 'TYPE', 'replica');
      master.disconnect();
      await delay(replicasBehindMs);
    }
    await this.#servers.find((server) => server.port === port)?.kill();
    for (const replica of replicas) replica.thaw();
  }

  async kill(): Promise<void> {
    await Promise.all(this.#sentinels.map(endSentinel));
    await Promise.all(this.#servers.map((server) => server.kill()));
  }

  async stop(): Promise<void> {
    await this.kill();
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.#folder.remove();
  }

  /** Every sentinel knows the others and the replicas, and the replicas have what the master has. */
  async #acquainted(): Promise<void> {
    for (const port of this.#ports) {
      for (;;) {
        const [others, replicas] = [
          await this.#ask('SENTINELS', NAME, port),
          await this.#ask('REPLICAS', NAME, port),
        ].map((reply) => (Array.isArray(reply) ? reply.length : 0));
        if (others === SENTINELS - 1 && replicas === REPLICAS) break;
        await delay(100);
      }
    }
    const master = await this.connectToMaster();
    while (!(await master.info('replication')).includes(`connected_slaves:${REPLICAS}`)) await delay(50);
    await master.wait(REPLICAS, 5000);
    master.disconnect();
  }

  async #ask(command: string, name: string, port = this.#ports[0]): Promise<unknown> {
    const sentinel = new Redis({ host: HOST, port: port ?? 0, password: SENTINEL_PASSWORD });
    try {
      return await sentinel.call('SENTINEL', command, name);
    } finally {
      sentinel.disconnect();
    }
  }
}

async function startSentinel(folder: TestFolder, port: number, masterPort: number): Promise<ChildProcess> {
  const path = join(folder.path, `sentinel-${port}.conf`);
  const lines = [
    ...[`port ${port}`, `bind ${HOST}`, `dir ${folder.path}`, `requirepass ${SENTINEL_PASSWORD}`],
    `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
    `sentinel monitor ${NAME} ${HOST} ${masterPort} 2`,
    `sentinel auth-pass ${NAME} ${PASSWORD}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} 5000`,
    '',
  ];
  await writeFile(path, lines.join('\n'));
  // It ends with the process that holds its standard input, however that ends.
  const script = 'redis-server "$1" --sentinel & cat >/dev/null; kill -KILL "$!"; wait';
  const child = spawn('sh', ['-c', script, 'sh', path], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk);
    if (output.includes('Sentinel ID is')) break;
  }
  child.stdout.resume();
  return child;
}

async function endSentinel(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const closed = once(child, 'close');
  child.stdin?.end();
  await closed;
}
