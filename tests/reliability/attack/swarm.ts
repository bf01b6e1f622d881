import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface SwarmPlan {
  readonly count: number;
  /** They come from these in turn. */
  readonly addresses: readonly string[];
  /** What each says at first. */
  readonly say?: (index: number) => string;
  /** What each says again and again afterwards. */
  readonly drip?: { readonly everyMs: number; readonly text: (index: number) => string };
  /** Takes nothing of what it is sent. */
  readonly isDeaf?: boolean;
}

/** Addresses of one machine that the service takes for so many callers. */
export const SIX_ADDRESSES: readonly string[] = [2, 3, 4, 5, 6, 7].map((last) => `127.0.0.${last}`);

/** Many bare connections, which send what they are given and nothing more. */
export class Swarm {
  readonly #open = new Set<Socket>();
  readonly #statuses: Record<string, number> = {};
  #bytesRead = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when each of them is connected, or was refused. */
  static async release(url: string, plan: SwarmPlan): Promise<Swarm> {
    const swarm = new Swarm();
    const all = Array.from({ length: plan.count }, (_, index) => swarm.#add(url, plan, index));
    const sockets = await Promise.all(all);
    const { drip } = plan;
    if (drip !== undefined) {
      swarm.#timer = setInterval(() => {
        for (const [index, socket] of sockets.entries())
          if (swarm.#open.has(socket)) socket.write(drip.text(index));
      }, drip.everyMs);
    }
    return swarm;
  }

  /** Connections that the other side has not ended. */
  get open(): number {
    return this.#open.size;
  }

  /** How many were first answered with each status. */
  get statuses(): Readonly<Record<string, number>> {
    return this.#statuses;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Resolves when the other side has ended all of them, or after the time. @returns how long that took. */
  async ended(maxMs: number): Promise<number> {
    const startedAt = performance.now();
    const signal = AbortSignal.timeout(maxMs);
    for (const socket of [...this.#open]) {
      if (!socket.destroyed) await once(socket, 'close', { signal }).catch(() => undefined);
    }
    return performance.now() - startedAt;
  }

  destroy(): void {
    clearInterval(this.#timer);
    for (const socket of this.#open) socket.destroy();
  }

  async #add(url: string, { addresses, say, isDeaf }: SwarmPlan, index: number): Promise<Socket> {
    const { hostname, port } = new URL(url);
    const localAddress = addresses[index % addresses.length];
    const socket = connect({ host: hostname, port: Number(port), ...(localAddress && { localAddress }) });
    this.#open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#open.delete(socket));
    if (isDeaf === true) socket.pause();
    else {
      socket.once('data', (chunk: Buffer) => {
        const status = chunk.toString('latin1', 9, 12);
        this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
      });
      socket.on('data', (chunk: Buffer) => {
        this.#bytesRead += chunk.length;
      });
    }
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
    if (say !== undefined && !socket.destroyed) socket.write(say(index));
    return socket;
  }
}
