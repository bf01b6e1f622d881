import { Agent, type Dispatcher } from 'undici';
import { chunksOf, chunksOfEvents } from './bounded-body.js';
import { connectionFailure } from './provider-failure.js';

/** A TCP and TLS handshake that takes longer is a dead end. */
const CONNECT_TIMEOUT_MS = 5000;
/** How long an idle connection is kept for the next turn. */
const KEEP_ALIVE_MS = 30_000;
/** What a plain answer may weigh; the longest reply that a model gives is far below. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** A streamed answer wraps each token in some 300 bytes. */
const MAX_STREAM_BYTES = 32 * 1024 * 1024;

export interface TransportRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: string | null;
  readonly signal: AbortSignal | null;
}

/**
 * Kept-alive connections to providers, and the only way to them: no proxy of the environment has a say, and
 * none of its variables makes a wrong certificate right. A third of the cost of the global fetch. Deadlines are the caller's, by the signal, which also
 * closes the connection of an answer that was not read to its end.
 */
export class ProviderTransport {
  readonly #agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: true },
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  /** Follows no redirect. @throws ProviderFailure when there is no answer. */
  async exchange(url: URL, request: TransportRequest): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        ...request,
      });
    } catch (error) {
      throw connectionFailure(error);
    }
  }

  /** An event stream and an error response come as they arrive, any other answer whole. @throws as `exchange`. */
  async send(url: string, request: TransportRequest): Promise<Response> {
    return toResponse(await this.exchange(new URL(url), request));
  }

  /** Cuts what is still under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** For those who expect what `fetch` gives. */
export async function toResponse(answer: Dispatcher.ResponseData): Promise<Response> {
  const init = { status: answer.statusCode, headers: knownHeaders(answer.headers) };
  if (hasNoBody(init.status)) return new Response(null, init);
  if (/^text\/event-stream\b/i.test(init.headers.get('content-type') ?? '')) {
    const chunks = chunksOf(answer.body, MAX_STREAM_BYTES);
    return new Response(ReadableStream.from(chunksOfEvents(chunks)), init);
  }
  const chunks = chunksOf(answer.body, MAX_ANSWER_BYTES);
  return new Response(init.status >= 300 ? ReadableStream.from(chunks) : await wholeOf(chunks), init);
}

/** Those that somebody reads. */
function knownHeaders(received: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers();
  for (const name of ['content-type', 'date', 'retry-after']) {
    const value = received[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  return headers;
}

async function wholeOf(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** The constructor of Response refuses a body for these. */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
