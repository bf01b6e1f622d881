import type { Response } from 'express';

export interface EventStreamOptions {
  /** A comment goes out after so much silence. Default 15,000. */
  readonly keepAliveMs?: number;
  /** What may wait for the reader before the writer waits too. Default 1 MiB. */
  readonly maxWaitingBytes?: number;
  /**
   * A reader that takes nothing for so long is dropped, with that much waiting or after the last event: at the latest
   * after twice the time, and never while it takes anything at all. Default 30,000.
   */
  readonly stallMs?: number;
}

const DEFAULTS: Required<EventStreamOptions> = {
  keepAliveMs: 15_000,
  maxWaitingBytes: 1024 * 1024,
  stallMs: 30_000,
};

const openStreams = new WeakMap<Response, EventStream>();

/** The stream that a response has become, if it has. */
export function eventStreamOf(response: Response): EventStream | null {
  return openStreams.get(response) ?? null;
}

/**
 * Server-sent events on one response (WHATWG HTML, section 9.2). Begins with the first event. Once the reader has gone,
 * or the last event was sent, nothing is written any more.
 */
export class EventStream {
  readonly #response: Response;
  readonly #options: Required<EventStreamOptions>;
  #keepAlive: NodeJS.Timeout | null = null;

  constructor(response: Response, options: EventStreamOptions = {}) {
    this.#response = response;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Whether the 200 has gone out. */
  get hasBegun(): boolean {
    return this.#keepAlive !== null;
  }

  /** Resolves when there is room for more: at once, unless the reader is far behind. */
  async send(event: string, data: object): Promise<void> {
    if (this.#isOver) return;
    this.#write(format(event, data));
    if (this.#isFarBehind && this.#response.writableNeedDrain) await this.#room();
  }

  /** Sends the last event. What waits is still delivered, as long as the reader takes it. */
  end(event: string, data: object): void {
    if (this.#isOver) return;
    this.#write(format(event, data));
    clearTimeout(this.#keepAlive ?? undefined);
    this.#response.end();
  }

  get #isOver(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  get #isFarBehind(): boolean {
    return this.#response.writableLength >= this.#options.maxWaitingBytes;
  }

  #write(text: string): void {
    if (!this.hasBegun) this.#begin();
    this.#response.write(text);
    this.#keepAlive?.refresh();
  }

  #begin(): void {
    const response = this.#response;
    openStreams.set(response, this);
    response.status(200);
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    response.setHeader('Cache-Control', 'no-cache, no-transform');
    response.setHeader('X-Accel-Buffering', 'no');
    const keepAlive = setTimeout(() => this.#comment(), this.#options.keepAliveMs);
    this.#keepAlive = keepAlive;
    const stopWatching = this.#watchReader();
    response.once('close', () => {
      clearTimeout(keepAlive);
      stopWatching();
    });
  }

  #comment(): void {
    if (this.#isFarBehind) this.#keepAlive?.refresh();
    else this.#write(': keep-alive\n\n');
  }

  /** By the socket's own timer, the one that sees a write that is taken in part. */
  #watchReader(): () => void {
    const response = this.#response;
    const { stallMs } = this.#options;
    const onSilence = () => {
      const isWaitedFor = response.writableEnded ? response.writableLength > 0 : this.#isFarBehind;
      if (isWaitedFor) response.destroy(new Error('The reader makes no headway.'));
      else response.setTimeout(stallMs);
    };
    const release = () => response.setTimeout(0);
    response.setTimeout(stallMs, onSilence);
    // Before node's own listener, which hands the socket on to the next request.
    response.prependOnceListener('finish', release);
    return () => {
      response.off('timeout', onSilence);
      response.off('finish', release);
    };
  }

  #room(): Promise<void> {
    const response = this.#response;
    return new Promise((resolve) => {
      const goOn = () => {
        response.off('drain', goOn);
        response.off('close', goOn);
        resolve();
      };
      response.once('drain', goOn);
      response.once('close', goOn);
    });
  }
}

/** JSON has no line breaks of its own, so that no text can end its event. */
function format(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
