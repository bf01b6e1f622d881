import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';
/** Between the ends of it; what comes meanwhile goes along, which spares most of the work. */
const LATENCY_MS = 1;

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Stands between the service and Redis, does what networks do, and counts how often one waits for the other. */
export class FaultyProxy {
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  readonly #server: Server;
  #held: (() => void)[] | null = null;
  #swallowsReplies = false;
  #roundTrips = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((near) => this.#join(near));
  }

  static async start(targetPort: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(targetPort);
    proxy.#server.listen(0, HOST);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  /** Since the last time. What is sent together, before anything of it is answered, is one. */
  takeRoundTrips(): number {
    const taken = this.#roundTrips;
    this.#roundTrips = 0;
    return taken;
  }

  /** Every connection is reset in both directions. */
  reset(): void {
    for (const { near, far } of this.#pairs) {
      cut(near);
      cut(far);
    }
  }

  /** From now on commands arrive, and what Redis answers does not. */
  swallowReplies(): void {
    this.#swallowsReplies = true;
  }

  /** Ends {@link swallowReplies} with the connections that have missed something. */
  endSwallowing(): void {
    this.#swallowsReplies = false;
    this.reset();
  }

  /** From now on commands are under way. */
  hold(): void {
    this.#held ??= [];
  }

  /** They arrive after all, those too whose sender has gone. */
  deliver(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const arrive of held) arrive();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.reset();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    const far = connect(this.#targetPort, HOST);
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const socket of [near, far]) socket.setNoDelay(true).on('error', () => socket.destroy());
    let isAnswered = true;
    near.on('data', (chunk) => {
      if (isAnswered) this.#roundTrips += 1;
      isAnswered = false;
      this.#pass(() => send(far, chunk));
    });
    far.on('data', (chunk) => {
      isAnswered = true;
      if (!this.#swallowsReplies && !near.destroyed) send(near, chunk);
    });
    near.once('close', () => this.#pass(() => far.end()));
    far.once('close', () => {
      this.#pairs.delete(pair);
      near.destroy();
    });
  }

  #pass(arrive: () => void): void {
    if (this.#held === null) arrive();
    else this.#held.push(arrive);
  }
}

function send(socket: Socket, chunk: Buffer): void {
  if (socket.writableCorked === 0) {
    socket.cork();
    setTimeout(() => socket.uncork(), LATENCY_MS);
  }
  socket.write(chunk);
}

/** A socket that has begun to end cannot be reset any more: Node would leave it open, and turn in circles over it. */
function cut(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
