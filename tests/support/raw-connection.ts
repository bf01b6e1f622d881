import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; the last of several with one name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A bare socket, for what no HTTP client would send. Reads answers that have a Content-Length. */
export class RawConnection {
  /** Resolves when the other side has ended it, in whatever way. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        resolve();
      });
    });
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** Text goes out as Latin-1, a byte for a character. */
  write(data: string | Uint8Array): void {
    this.#socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** Resolves when the data is on its way. @returns false when the connection is over, and took nothing more. */
  async written(data: string): Promise<boolean> {
    const handedOver = new Promise<boolean>((resolve) =>
      this.#socket.write(data, 'latin1', (error) => resolve(error === null || error === undefined)),
    );
    return Promise.race([handedOver, this.closed.then(() => false)]);
  }

  /** The next whole answer, or null when the connection ends without one. */
  async nextAnswer(): Promise<RawAnswer | null> {
    for (;;) {
      const answer = this.#takeAnswer();
      if (answer !== null) return answer;
      if (this.#isClosed) return null;
      await Promise.race([once(this.#socket, 'data').catch(() => undefined), this.closed]);
    }
  }

  /** Takes nothing more, until it is resumed; it can still write. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says that nothing more will come; the other side may still answer. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #takeAnswer(): RawAnswer | null {
    const text = this.#received.toString('latin1');
    const headEnd = text.indexOf('\r\n\r\n');
    if (headEnd === -1) return null;
    const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const bodyEnd = headEnd + 4 + Number(headers['content-length'] ?? 0);
    if (this.#received.length < bodyEnd) return null;
    const body = this.#received.subarray(headEnd + 4, bodyEnd).toString('utf8');
    this.#received = this.#received.subarray(bodyEnd);
    return { status: Number(statusLine.split(' ')[1]), headers, body };
  }
}
