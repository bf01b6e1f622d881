import { AppError } from '#src/domain/errors.js';

export interface FairSemaphoreOptions {
  readonly maxConcurrent: number;
  readonly maxWaiting: number;
}

interface Waiting {
  /** The round in which it is due. */
  readonly round: number;
  readonly parties: readonly string[];
  admit(): void;
  refuse(error: AppError): void;
}

/**
 * Lets a few pieces of work run at a time; some wait, the rest is refused. Each party has one piece in a round, so that
 * one that asks for much waits behind itself alone (start-time fair queueing, with pieces of equal length).
 */
export class FairSemaphore {
  readonly #options: FairSemaphoreOptions;
  #running = 0;
  /** Of the piece that was admitted last. */
  #round = 0;
  /** In order of arrival. */
  readonly #waiting: Waiting[] = [];

  constructor(options: FairSemaphoreOptions) {
    this.#options = options;
  }

  /**
   * @param parties on whose behalf it is done; two pieces that share any of them are never due in one round.
   * @throws AppError `overloaded` when too many wait already that are due no later, or when one that came later and is
   * due earlier takes the last place; whatever the work throws.
   */
  async run<T>(parties: readonly string[], work: () => Promise<T>): Promise<T> {
    await this.#enter(parties);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(parties: readonly string[]): Promise<void> {
    if (this.#running < this.#options.maxConcurrent) {
      this.#running += 1;
      return;
    }
    const round = this.#roundOf(parties);
    if (this.#waiting.length >= this.#options.maxWaiting) this.#makeRoom(round);
    await new Promise<void>((admit, refuse) => {
      this.#waiting.push({ round, parties, admit, refuse });
    });
  }

  #roundOf(parties: readonly string[]): number {
    const own = this.#waiting.filter((waiting) => waiting.parties.some((party) => parties.includes(party)));
    return 1 + Math.max(this.#round, ...own.map(({ round }) => round));
  }

  /** The last due gives way, the newest of several, to whoever is due earlier. */
  #makeRoom(round: number): void {
    const latest = Math.max(...this.#waiting.map((waiting) => waiting.round));
    if (!(latest > round)) throw new AppError('overloaded');
    const place = this.#waiting.findLastIndex((waiting) => waiting.round === latest);
    const [refused] = this.#waiting.splice(place, 1);
    refused?.refuse(new AppError('overloaded'));
  }

  /** A waiting one takes over the place, so that nobody who comes later slips in between. */
  #leave(): void {
    const earliest = Math.min(...this.#waiting.map(({ round }) => round));
    const place = this.#waiting.findIndex(({ round }) => round === earliest);
    const [next] = place < 0 ? [] : this.#waiting.splice(place, 1);
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#round = next.round;
    next.admit();
  }
}
