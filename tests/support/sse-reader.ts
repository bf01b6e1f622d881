import { EventEmitter, once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface SseEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into data whose shape is what they check
  readonly data: any;
}

export interface SseRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
}

/** Reads one response on a connection of its own, as fast or slowly as it is told, and takes the events out of it. */
export class SseReader {
  /** Resolves when the connection is gone, in whatever way. */
  readonly closed: Promise<void>;
  readonly #response: IncomingMessage;
  readonly #news = new EventEmitter();
  #text = '';
  #bytes = 0;
  #taken = 0;
  #searched = 0;
  #isClosed = false;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        this.#isClosed = true;
        this.#news.emit('news');
        resolve();
      });
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.#text += text;
      this.#bytes += Buffer.byteLength(text);
      this.#news.emit('news');
    });
  }

  /** Resolves with the head of the response. */
  static open(url: string, { method, headers, body }: SseRequest = {}): Promise<SseReader> {
    return new Promise((resolve, reject) => {
      const outgoing = request(url, {
        agent: false,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      });
      outgoing.once('response', (response) => resolve(new SseReader(response)));
      // Later ones are the response's.
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.#response.headers;
  }

  /** The body as far as it has come. */
  get text(): string {
    return this.#text;
  }

  /** Of the body, so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the body came to its proper end. */
  get isWhole(): boolean {
    return this.#response.complete;
  }

  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  /** Resolves when more has come, or the body is over. */
  async news(): Promise<void> {
    if (!this.#isClosed) await once(this.#news, 'news');
  }

  /** Breaks the connection off. */
  leave(): void {
    this.#response.destroy();
  }

  /** The next event, comments passed over; null when the body is over. */
  async next(): Promise<SseEvent | null> {
    for (;;) {
      const block = await this.nextBlock();
      if (block === null || !block.startsWith(':')) return block === null ? null : parse(block);
    }
  }

  /** What comes before the next empty line, as it is; null when the body is over. */
  async nextBlock(): Promise<string | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n', this.#searched);
      if (end !== -1) {
        const block = this.#text.slice(this.#taken, end);
        this.#taken = end + 2;
        this.#searched = this.#taken;
        return block;
      }
      this.#searched = Math.max(this.#taken, this.#text.length - 1);
      if (this.#isClosed) return null;
      await this.news();
    }
  }

  /** All events that are still to come. */
  async rest(): Promise<SseEvent[]> {
    const events: SseEvent[] = [];
    for (let event = await this.next(); event !== null; event = await this.next()) events.push(event);
    return events;
  }
}

/** @throws Error for anything but the two lines that an event has. */
function parse(block: string): SseEvent {
  const [, event, data] = /^event: (\w+)\ndata: ([^\r\n]+)$/.exec(block) ?? [];
  if (event === undefined || data === undefined) throw new Error(`not an event: ${block.slice(0, 200)}`);
  return { event, data: JSON.parse(data) };
}
