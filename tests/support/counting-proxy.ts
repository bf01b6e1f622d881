import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** Stands between the service and Redis and counts how often one waits for the other. */
export class CountingProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #roundTrips = 0;

  private constructor(private readonly targetPort: number) {
    this.#server = createServer((near) => this.#join(near));
  }

  static async start(targetPort: number): Promise<CountingProxy> {
    const proxy = new CountingProxy(targetPort);
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

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    const far = connect(this.targetPort, HOST);
    let isAnswered = true;
    near.on('data', (chunk) => {
      if (isAnswered) this.#roundTrips += 1;
      isAnswered = false;
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      isAnswered = true;
      near.write(chunk);
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true).on('error', () => socket.destroy());
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
