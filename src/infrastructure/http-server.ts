import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { toProblem } from '#src/adapters/http/problem.js';
import { SECURITY_HEADERS } from '#src/adapters/http/security-headers.js';
import { AppError } from '#src/domain/app-error.js';
import { Connections } from './connections.js';

/** How long a request may take to arrive; the answer has deadlines of its own. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** For the reader of an answer that is written. */
const STALL_MS = 30_000;
/** How long a connection may be idle while the server closes. */
const IDLE_MS = 100;
/** For the last words to requests that were called off. */
const FAREWELL_MS = 500;

/** The listening socket and its connections. */
export class HttpServer {
  private constructor(
    private readonly server: Server,
    private readonly connections: Connections,
  ) {}

  /**
   * @param stallMs a connection whose reader takes nothing of a finished answer for so long is cut, at the latest after
   * twice the time. Default 30,000.
   * @throws the system's error when the address cannot be had.
   */
  static async listen(
    listener: RequestListener,
    host: string,
    port: number,
    stallMs: number = STALL_MS,
  ): Promise<HttpServer> {
    const connections = new Connections();
    const serve: RequestListener = (request, response) => {
      connections.answer(request.socket, response);
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
    // Node calls it when the server closes, and its own would cut answers that are not written to their end.
    server.closeIdleConnections = () => {};
    server.on('connection', (socket: Socket) => connections.add(socket));
    server.on('checkExpectation', serve);
    server.on('clientError', (_error, socket) => refuseMalformed(socket, connections.latestAnswer(socket)));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const watch = setInterval(() => connections.cutStalled(), stallMs).unref();
    server.once('close', () => clearInterval(watch));
    return new HttpServer(server, connections);
  }

  get url(): string {
    const listening = this.server.address();
    if (listening === null || typeof listening === 'string') throw new Error('the server listens on no port');
    const { address, family, port } = listening;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /**
   * Waits for the requests that run, and listens meanwhile: who connects now is told so by an answer, not by a refused
   * connection. After the grace they are called off, so that their callers can be told, and what is left shortly after
   * is cut.
   */
  async close(graceMs: number, callOff: () => void): Promise<void> {
    const grace = new AbortController();
    const end = setTimeout(() => {
      grace.abort();
      callOff();
    }, graceMs);
    const cut = setTimeout(() => this.server.closeAllConnections(), graceMs + FAREWELL_MS);
    const hasWaited = await this.connections.answered(grace.signal);
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    // Who has just been answered may have sent the next request already.
    if (!hasWaited) this.connections.cutIdle();
    const idle = setInterval(() => this.connections.cutIdle(), IDLE_MS);
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
