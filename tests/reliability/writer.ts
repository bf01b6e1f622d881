import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../support/fixtures/seeded-random.js';
import { Attempt } from './attempt.js';
import { isToFail, markMessage } from './marked-message.js';
import type { TurnOrder } from './turn-orders.js';
import type { WorkerProcess } from './worker-process.js';

export interface WriterOptions {
  readonly name: string;
  readonly clientId: string;
  readonly conversationIds: readonly string[];
  readonly random: SeededRandom;
  readonly workers: readonly WorkerProcess[];
  /** Called with each message before it is sent. */
  readonly onAttempt: (attempt: Attempt) => void;
  /** Called with each turn that was acknowledged while this writer waited. */
  readonly onTurn: () => void;
  /** Aborted when the run is given up. */
  readonly signal: AbortSignal;
}

/** How long a client waits before it sends again. */
const TIMEOUT_MS = 2000;
const REJECT_SHARE = 0.1;
const SENT_TWICE_SHARE = 0.05;
const FAILING_SHARE = 0.02;
const LONG_THOUGHT_SHARE = 0.02;
const ABANDONED_SHARE = 0.25;

let orders = 0;

/** A client that says one thing after the other, each until it is answered, in conversations that others write to as well. */
export class Writer {
  readonly #options: WriterOptions;
  #messages = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Until so many turns have been acknowledged. What was refused is said in other words. */
  async write(turns: number): Promise<void> {
    const { random, signal, onAttempt, onTurn } = this.#options;
    for (let done = 0; done < turns; ) {
      signal.throwIfAborted();
      const attempt = this.#nextAttempt();
      onAttempt(attempt);
      const isAbandoned = random.next() < ABANDONED_SHARE;
      await this.deliver(attempt, isAbandoned);
      if (attempt.fate === 'acknowledged') {
        done += 1;
        onTurn();
      } else {
        await delay(random.between(5, 40));
      }
    }
  }

  /** Sends until it is answered or refused; only once when it is abandoned as soon as nobody knows. */
  async deliver(attempt: Attempt, isAbandoned: boolean): Promise<void> {
    const { random, signal } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const copies = random.next() < SENT_TWICE_SHARE ? 2 : 1;
      await Promise.all(Array.from({ length: copies }, () => this.#send(attempt)));
      // What the model refuses it refuses every time.
      if (attempt.fate !== 'uncertain' || isAbandoned || isToFail(attempt.request.message)) return;
      await delay(random.between(20, 120));
    }
  }

  #nextAttempt(): Attempt {
    const { name, clientId, conversationIds, random } = this.#options;
    this.#messages += 1;
    const key = `${name}-${this.#messages}`;
    const conversationId = random.pick(conversationIds) ?? '';
    const thinkMs = random.next() < LONG_THOUGHT_SHARE ? random.between(20, 150) : random.between(0, 3);
    const fails = random.next() < FAILING_SHARE;
    return new Attempt({
      clientId,
      conversationId,
      message: markMessage({ clientId, conversationId, name: key, thinkMs, fails }),
      key,
      onBusy: random.next() < REJECT_SHARE ? 'reject' : 'queue',
    });
  }

  /** To any process that takes orders. What comes after the client's timeout is noted all the same. */
  async #send(attempt: Attempt): Promise<void> {
    const { random, workers } = this.#options;
    const worker = random.pick(workers.filter(({ isReady }) => isReady));
    if (worker === undefined) return;
    orders += 1;
    const order: TurnOrder = { number: orders, ...attempt.request };
    attempt.noteSent();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, TIMEOUT_MS);
      worker.send(order, (report) => {
        clearTimeout(timer);
        if (report !== null) attempt.note(report);
        resolve();
      });
    });
  }
}
