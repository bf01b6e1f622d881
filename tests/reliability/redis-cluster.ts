import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../support/processes/free-port.js';
import { RedisServer } from '../support/processes/redis-server.js';

const HOST = '127.0.0.1';
const PASSWORD = 'cluster-password';
const SLOTS = 16_384;
const NODES = 3;

/** Three private masters that share the slots. */
export class RedisCluster {
  readonly #servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.#servers = servers;
  }

  static async start(): Promise<RedisCluster> {
    const servers: RedisServer[] = [];
    const busPorts: number[] = [];
    while (servers.length < NODES) {
      // Of its own accord a node adds 10,000 to its port, which may be too much.
      const busPort = await freePort(HOST);
      servers.push(await startNode(busPort));
      busPorts.push(busPort);
    }
    const cluster = new RedisCluster(servers);
    await cluster.#join(busPorts);
    return cluster;
  }

  get url(): string {
    return `redis+cluster://:${PASSWORD}@${this.#servers.map(({ port }) => `${HOST}:${port}`).join(',')}`;
  }

  /** Takes connections and answers nothing. */
  freeze(): void {
    for (const server of this.#servers) server.freeze();
  }

  thaw(): void {
    for (const server of this.#servers) server.thaw();
  }

  /** One of three, with a third of all keys; it returns when the operation has ended. What it kept is gone if it ended. */
  async whileOneIs<T>(how: 'frozen' | 'ended', operation: () => Promise<T>): Promise<T> {
    const [server] = this.#servers;
    if (how === 'frozen') server?.freeze();
    else await server?.kill();
    try {
      return await operation();
    } finally {
      if (how === 'frozen') server?.thaw();
      else await server?.restart();
    }
  }

  /** The slot of a key is on its way to another node, until the operation has ended. None of its keys has arrived there. */
  async whileMoving(key: string, operation: () => Promise<void>): Promise<void> {
    const nodes = this.#servers.map(({ port }) => new Redis({ host: HOST, port, password: PASSWORD }));
    const ids = await Promise.all(nodes.map(async (node) => String(await node.call('CLUSTER', 'MYID'))));
    const slot = Number(await nodes[0]?.call('CLUSTER', 'KEYSLOT', key));
    const from = firstSlots(nodes.length).findLastIndex((first) => first <= slot);
    const to = (from + 1) % nodes.length;
    await nodes[to]?.call('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', ids[from] ?? '');
    await nodes[from]?.call('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', ids[to] ?? '');
    try {
      await operation();
    } finally {
      for (const node of nodes) {
        await node.call('CLUSTER', 'SETSLOT', String(slot), 'STABLE');
        node.disconnect();
      }
    }
  }

  async kill(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.kill()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  async #join(busPorts: readonly number[]): Promise<void> {
    const nodes = this.#servers.map(({ port }) => new Redis({ host: HOST, port, password: PASSWORD }));
    const bounds = firstSlots(nodes.length);
    for (const [index, node] of nodes.entries()) {
      const last = (bounds[index + 1] ?? SLOTS) - 1;
      await node.call('CLUSTER', 'ADDSLOTSRANGE', String(bounds[index]), String(last));
      // Nodes that begin with the same epoch settle that among themselves first, which takes its time.
      await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    }
    for (const [index, { port }] of this.#servers.entries()) {
      await nodes[0]?.call('CLUSTER', 'MEET', HOST, String(port), String(busPorts[index]));
    }
    for (const node of nodes) {
      for (;;) {
        const info = String(await node.call('CLUSTER', 'INFO'));
        if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`)) break;
        await delay(50);
      }
      node.disconnect();
    }
  }
}

function firstSlots(nodes: number): number[] {
  return Array.from({ length: nodes }, (_, index) => Math.floor((SLOTS * index) / nodes));
}

function startNode(busPort: number): Promise<RedisServer> {
  return RedisServer.start(
    `--requirepass ${PASSWORD}`,
    `--masterauth ${PASSWORD}`,
    '--cluster-enabled yes',
    `--cluster-port ${busPort}`,
  );
}
