import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawPostRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: object;
}

/** One POST on a connection of its own, whose answer is read when it is asked for, as far as it is asked for. */
export class RawPost {
  private constructor(private readonly socket: Socket) {}

  /** Resolves when it has been sent. */
  static async send(url: string, { path, headers, body }: RawPostRequest): Promise<RawPost> {
    const { host, hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const payload = Buffer.from(JSON.stringify(body));
    const head = Object.entries({
      host,
      connection: 'close',
      'content-type': 'application/json',
      'content-length': String(payload.length),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`POST ${path} HTTP/1.1\r\n${head.join('')}\r\n`);
    await new Promise((resolve) => socket.write(payload, resolve));
    return new RawPost(socket);
  }

  /** Says that nothing more will come, and still waits for the answer. */
  endOurSide(): void {
    this.socket.end();
  }

  /** Reads up to so many bytes, breaks the connection off and gives back what there was. */
  async cutAfter(bytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let received = 0;
    if (bytes > 0) {
      for await (const chunk of this.socket.iterator({ destroyOnReturn: false })) {
        chunks.push(chunk);
        received += chunk.length;
        if (received >= bytes) break;
      }
    }
    this.socket.destroy();
    return Buffer.concat(chunks).subarray(0, bytes);
  }

  /** Reads to the end. */
  async whole(): Promise<RawAnswerBytes> {
    return parse(await this.cutAfter(Number.POSITIVE_INFINITY));
  }
}

export interface RawAnswerBytes {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without its framing, byte for byte as Latin-1. */
  readonly body: string;
  /** Of all that came. */
  readonly bytes: number;
}

/** @throws Error for an answer that did not come to its end. */
function parse(received: Buffer): RawAnswerBytes {
  const text = received.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const framed = text.slice(headEnd + 4);
  const body = headers['transfer-encoding'] === 'chunked' ? unchunk(framed) : framed;
  const length = headers['content-length'];
  if (headEnd === -1 || (length !== undefined && Number(length) !== body.length)) {
    throw new Error(`the answer was cut short after ${received.length} bytes`);
  }
  return { status: Number(statusLine.split(' ')[1]), headers, body, bytes: received.length };
}

/** RFC 9112, section 7.1. */
function unchunk(framed: string): string {
  let body = '';
  let rest = framed;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    if (lineEnd === -1) throw new Error('the answer was cut short within a chunk');
    const length = Number.parseInt(rest.slice(0, lineEnd), 16);
    if (length === 0) return body;
    body += rest.slice(lineEnd + 2, lineEnd + 2 + length);
    rest = rest.slice(lineEnd + 2 + length + 2);
  }
}
