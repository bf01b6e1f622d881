import { withDeadline } from '#src/application/async/deadline.js';
import { sleep } from '#src/application/async/sleep.js';
import type { DroppedTraces } from './dropped-traces.js';
import { bytesOf, type FinishedCall } from './finished-call.js';
import { TraceFailure } from './trace-failure.js';

/** Where traces go. */
export interface TraceSink {
  /** @throws TraceFailure; whatever it likes once the signal has aborted. */
  send(calls: readonly FinishedCall[], signal: AbortSignal): Promise<void>;
}

export interface TraceQueueOptions {
  readonly sink: TraceSink;
  readonly dropped: DroppedTraces;
  readonly bounds?: Partial<TraceBounds>;
}

export interface TraceBounds {
  /** Calls that wait or are being sent. */
  readonly maxCalls: number;
  /** The same in bytes, as `bytesOf` counts. */
  readonly maxBytes: number;
  /** How long the first call of a batch waits for more. */
  readonly gatherMs: number;
  /** For one try to send a batch. */
  readonly sendMs: number;
  /** Before the second try; twice that before the third, which is the last. */
  readonly pauseMs: number;
}

const BOUNDS: TraceBounds = {
  maxCalls: 1000,
  maxBytes: 16 * 1024 * 1024,
  gatherMs: 250,
  sendMs: 10_000,
  pauseMs: 1000,
};
/** What LangSmith asks for. */
const BATCH_CALLS = 100;
/** Small, because it is turned into JSON in one go while turns wait for the thread. */
const BATCH_BYTES = 1024 * 1024;
const TRIES = 3;

interface Waiting {
  readonly call: FinishedCall;
  readonly bytes: number;
}

/** Sends traces in the background, a batch at a time. What does not fit its bounds is dropped, the newest first. */
export class TraceQueue {
  readonly #sink: TraceSink;
  readonly #dropped: DroppedTraces;
  readonly #bounds: TraceBounds;
  /** Those being sent included. */
  readonly #waiting: Waiting[] = [];
  readonly #closing = new AbortController();
  readonly #outOfTime = new AbortController();
  #bytes = 0;
  #draining: Promise<void> | null = null;

  constructor({ sink, dropped, bounds }: TraceQueueOptions) {
    this.#sink = sink;
    this.#dropped = dropped;
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  /** Returns at once, and never throws. */
  add(call: FinishedCall): void {
    if (this.#closing.signal.aborted) {
      this.#dropped.count(1, { reason: 'closing' });
      return;
    }
    const bytes = bytesOf(call);
    const { maxCalls, maxBytes } = this.#bounds;
    if (this.#waiting.length >= maxCalls || this.#bytes + bytes > maxBytes) {
      this.#dropped.count(1, { reason: 'queue_full' });
      return;
    }
    this.#waiting.push({ call, bytes });
    this.#bytes += bytes;
    this.#draining ??= this.#drain();
  }

  /** Sends what waits, without a second try; what is left at the deadline is dropped. */
  async close(deadlineMs: number): Promise<void> {
    this.#closing.abort();
    const timer = setTimeout(() => this.#outOfTime.abort(timedOut()), deadlineMs);
    await this.#draining;
    clearTimeout(timer);
    this.#dropped.report();
  }

  async #drain(): Promise<void> {
    await this.#pause(this.#bounds.gatherMs);
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      const isBehind = batch.length < this.#waiting.length;
      const failure = await this.#deliver(batch.map(({ call }) => call));
      this.#waiting.splice(0, batch.length);
      for (const { bytes } of batch) this.#bytes -= bytes;
      if (failure !== null) this.#report(batch.length, failure);
      if (!isBehind) await this.#pause(this.#bounds.gatherMs);
    }
    this.#draining = null;
  }

  #nextBatch(): Waiting[] {
    let bytes = 0;
    const tooMany = this.#waiting.findIndex((waiting, index) => {
      bytes += waiting.bytes;
      return index > 0 && (index >= BATCH_CALLS || bytes > BATCH_BYTES);
    });
    return this.#waiting.slice(0, tooMany === -1 ? undefined : tooMany);
  }

  /** @returns why it was not taken, or null. */
  async #deliver(calls: readonly FinishedCall[]): Promise<TraceFailure | null> {
    for (let attempt = 1; ; attempt += 1) {
      const failure = await this.#try(calls);
      if (failure === null || !failure.transient || attempt === TRIES) return failure;
      await this.#pause(this.#bounds.pauseMs * 2 ** (attempt - 1));
      if (this.#closing.signal.aborted) return failure;
    }
  }

  async #try(calls: readonly FinishedCall[]): Promise<TraceFailure | null> {
    const send = async (signal: AbortSignal): Promise<null> => {
      try {
        await this.#sink.send(calls, signal);
        return null;
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      }
    };
    return withDeadline(this.#bounds.sendMs, timedOut, this.#outOfTime.signal, send).catch(TraceFailure.from);
  }

  #report(count: number, { status, code }: TraceFailure): void {
    this.#dropped.count(
      count,
      this.#outOfTime.signal.aborted ? { reason: 'closing' } : { reason: 'not_taken', status, code },
    );
  }

  /** Ends early when the queue closes. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, this.#closing.signal).catch(() => undefined);
  }
}

function timedOut(): TraceFailure {
  return new TraceFailure({ status: null, code: 'ETIMEDOUT' });
}
