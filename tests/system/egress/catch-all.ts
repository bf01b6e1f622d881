import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** Stands for every other host: takes any connection, counts what it is sent, and hangs up. */
export class CatchAll {
  connections = 0;
  bytes = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('data', (data) => {
        this.bytes += data.length;
        socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<CatchAll> {
    const catchAll = new CatchAll();
    catchAll.#server.listen(0, '127.0.0.1');
    await once(catchAll.#server, 'listening');
    return catchAll;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('there is no port');
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
