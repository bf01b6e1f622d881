import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '#src/application/ports/system/logger.js';
import { AppError } from '#src/domain/errors.js';
import { type ConnectionPolicy, DEFAULT_CONNECTION_POLICY } from './connection-policy.js';
import { Connections } from './connections.js';
import { hasValidHost } from './host-header.js';

/** How long a connection may be idle while the server closes. */
const IDLE_MS = 100;
/** For the last words to requests that were called off. */
const ABORT_GRACE_MS = 500;

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Where it differs from the default. */
  readonly policy?: Partial<ConnectionPolicy>;
}

/** The listening socket and its connections. */
export class HttpServer {
  readonly #server: Server;
  readonly #connections: Connections;

  private constructor(server: Server, connections: Connections) {
    this.#server = server;
    this.#connections = connections;
  }

  /** @throws the system's error when the address cannot be had. */
  static async listen(listener: RequestListener, options: HttpServerOptions): Promise<HttpServer> {
    const policy = { ...DEFAULT_CONNECTION_POLICY, ...options.policy };
    const connections = new Connections(policy, options.logger);
    const server = makeServer(policy, connections, listener);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const { port, host } = options;
      server.listen({ port, host }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const watch = setInterval(() => void connections.look(), policy.lookMs).unref();
    server.once('close', () => {
      clearInterval(watch);
      connections.close();
    });
    return new HttpServer(server, connections);
  }

  get url(): string {
    const listening = this.#server.address();
    if (listening === null || typeof listening === 'string') throw new Error('the server listens on no port');
    const { address, family, port } = listening;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /**
   * Waits for the requests that run, and listens meanwhile: a new connection receives an answer, not a refused
   * connection. After the grace they are aborted, so that their callers receive an error, and what is left shortly after
   * is cut.
   */
  async close(graceMs: number, abortAll: () => void): Promise<void> {
    const grace = new AbortController();
    const end = setTimeout(() => {
      grace.abort();
      abortAll();
    }, graceMs);
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs + ABORT_GRACE_MS);
    const hasWaited = await this.#connections.answered(grace.signal);
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    // A caller that has just been answered may have sent the next request already.
    if (!hasWaited) this.#connections.cutIdle();
    const idle = setInterval(() => this.#connections.cutIdle(), IDLE_MS);
    await closed;
    clearInterval(idle);
    clearTimeout(end);
    clearTimeout(cut);
  }
}

function makeServer(policy: ConnectionPolicy, connections: Connections, listener: RequestListener): Server {
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.find(request.socket);
    connection?.begin(request, response);
    if (hasValidHost(request)) listener(request, response);
    else connection?.refuse(malformed());
  };
  // What takes too long is noticed by the connections themselves: Node would not see that one is not read.
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, requireHostHeader: false }, serve);
  server.keepAliveTimeout = policy.keepAliveMs;
  // Node calls it when the server closes, and its own would cut answers that are not written to their end.
  server.closeIdleConnections = () => {};
  server.on('connection', (socket: Socket) => connections.add(socket));
  server.on('checkExpectation', serve);
  server.on('checkContinue', (request, response) => {
    // Only who begins to read the body wants it. Whatever is refused before gets its answer instead (RFC 9110, 10.1.1).
    request.once('resume', () => {
      if (!response.headersSent) response.writeContinue();
    });
    serve(request, response);
  });
  // Without a listener Node closes the connection without an answer. It has taken its own listeners away by now.
  server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    connections.find(socket)?.refuse(malformed());
  });
  // What Node's parser refuses never reaches the listener; it gets the same kind of answer all the same.
  server.on('clientError', (_error, socket) => {
    const connection = connections.find(socket);
    if (connection === undefined) socket.destroy();
    else connection.refuse(malformed());
  });
  return server;
}

function malformed(): AppError {
  return new AppError('invalid_request', {
    detail: 'This is not a valid HTTP request, or its headers are too large.',
  });
}
