import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { toProblem } from '#src/adapters/http/problem.js';
import { SECURITY_HEADERS } from '#src/adapters/http/security-headers.js';
import { AppError } from '#src/domain/app-error.js';

/** How long a request may take to arrive; the answer has deadlines of its own. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** For the last words to requests that were called off. */
const FAREWELL_MS = 500;

/** The listening socket and its connections. */
export class HttpServer {
  private constructor(
    private readonly server: Server,
    /** Connections that have not brought a request yet. Node does not count them as idle. */
    private readonly silent: ReadonlySet<Socket>,
  ) {}

  /** @throws the system's error when the address cannot be had. */
  static async listen(listener: RequestListener, host: string, port: number): Promise<HttpServer> {
    const silent = new Set<Socket>();
    const answers = new WeakMap<Duplex, ServerResponse>();
    const serve: RequestListener = (request, response) => {
      silent.delete(request.socket);
      answers.set(request.socket, response);
      if (request.httpVersion === '1.1' && request.headers.host === undefined) {
        const { headers, body } = malformedAnswer();
        response.writeHead(400, headers).end(body);
      } else listener(request, response);
    };
    const server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS, requireHostHeader: false },
      serve,
    );
    server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
    server.on('connection', (socket: Socket) => {
      silent.add(socket);
      socket.once('close', () => silent.delete(socket));
    });
    server.on('checkExpectation', serve);
    server.on('clientError', (_error, socket) => refuseMalformed(socket, answers.get(socket)));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return new HttpServer(server, silent);
  }

  get url(): string {
    const listening = this.server.address();
    if (listening === null || typeof listening === 'string') throw new Error('the server listens on no port');
    const { address, family, port } = listening;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /**
   * Takes no new connection and waits for the requests that run. After the grace they are called off, so that their
   * callers can be told, and what is left shortly after is cut.
   */
  async close(graceMs: number, callOff: () => void): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    this.server.closeIdleConnections();
    for (const socket of this.silent) socket.destroy();
    const idle = setInterval(() => this.server.closeIdleConnections(), 100);
    const end = setTimeout(callOff, graceMs);
    const cut = setTimeout(() => this.server.closeAllConnections(), graceMs + FAREWELL_MS);
    await closed;
    clearInterval(idle);
    clearTimeout(end);
    clearTimeout(cut);
  }
}

/**
 * What Node's parser refuses never reaches express; it gets the same kind of answer all the same, unless that would fall
 * into the middle of another one.
 * @param latest the answer to the last request that the connection brought.
 */
function refuseMalformed(socket: Duplex, latest: ServerResponse | undefined): void {
  const isAnswering = latest?.headersSent === true && !latest.writableFinished;
  if (!socket.writable || isAnswering) {
    socket.destroy();
    return;
  }
  const { headers, body } = malformedAnswer();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 400 Bad Request\r\n${lines.join('')}\r\n${body}`);
}

function malformedAnswer(): { headers: Record<string, string>; body: string } {
  const requestId = randomUUID();
  const detail = 'This is not a valid HTTP request, or its headers are too large.';
  const body = JSON.stringify(toProblem(new AppError('invalid_request', { detail }), requestId));
  return {
    headers: {
      ...SECURITY_HEADERS,
      'x-request-id': requestId,
      'Server-Timing': 'app;dur=0.0',
      'Content-Type': 'application/problem+json',
      'Content-Length': String(Buffer.byteLength(body)),
      Connection: 'close',
    },
    body,
  };
}
