/** Waits until it may go on. */
export interface TurnTaker {
  takeTurn(): void;
}

/**
 * Lets those who wait go on in order of arrival, one in each round of the event loop, so that whatever else is to be done
 * is done in between, however many wait.
 */
export class FairTurns {
  readonly #waiting = new Set<TurnTaker>();
  #isScheduled = false;

  /** Once for each turn; asked for again while it waits, it keeps its place. */
  request(taker: TurnTaker): void {
    this.#waiting.add(taker);
    this.#schedule();
  }

  withdraw(taker: TurnTaker): void {
    this.#waiting.delete(taker);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#giveTurn());
  }

  #giveTurn(): void {
    this.#isScheduled = false;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next.takeTurn();
    if (this.#waiting.size > 0) this.#schedule();
  }
}
