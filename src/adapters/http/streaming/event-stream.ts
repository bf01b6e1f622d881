import type { Response } from 'express';
import { FairSlices } from '#src/application/async/fair-slices.js';
import { socketProgress } from '../server/socket-progress.js';

export interface EventStreamOptions {
  /** A comment goes out after so much silence. Default 15,000. */
  readonly keepAliveMs?: number;
  /** What may wait for the reader before the writer waits too. Default 1 MiB. */
  readonly maxWaitingBytes?: number;
  /**
   * A reader that takes nothing for so long, with that much waiting, is dropped: at the latest after twice the time,
   * whatever it sends meanwhile, and never while it takes anything at all. Default 30,000. After the last event it is
   * the server that waits no longer than that.
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
  readonly #slices = new FairSlices();
  #keepAlive: NodeJS.Timeout | null = null;

  constructor(response: Response, options: EventStreamOptions = {}) {
    this.#response = response;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Whether the 200 has gone out. */
  get hasBegun(): boolean {
    return this.#keepAlive !== null;
  }

  /** Resolves when there is room for more, and others had their turn: mostly at once. */
  async send(event: string, data: object): Promise<void> {
    if (this.#isOver) return;
    this.#write(format(event, data));
    if (this.#isFarBehind && this.#response.writableNeedDrain) await this.#room();
    await this.#slices.next();
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
    response.once('close', () => clearTimeout(keepAlive));
  }

  #comment(): void {
    if (this.#isFarBehind) this.#keepAlive?.refresh();
    else this.#write(': keep-alive\n\n');
  }

  #room(): Promise<void> {
    const response = this.#response;
    return new Promise((resolve) => {
      const stopWatching = this.#watchReader();
      const goOn = () => {
        stopWatching();
        response.off('drain', goOn);
        response.off('close', goOn);
        resolve();
      };
      response.once('drain', goOn);
      response.once('close', goOn);
    });
  }

  /** Not by the socket's own timer, which every byte that the reader sends winds up again. */
  #watchReader(): () => void {
    const response = this.#response;
    // There is none while an earlier answer on the same connection is written.
    const look = () => (response.socket === null ? null : socketProgress(response.socket));
    let taken = look();
    const timer = setInterval(() => {
      const before = taken;
      taken = look();
      if (taken !== null && taken === before) response.destroy(new Error('The reader makes no headway.'));
    }, this.#options.stallMs);
    return () => clearInterval(timer);
  }
}

/** JSON has no line breaks of its own, so that no text can end its event. */
function format(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
