/** A piece costs some 30 µs, and a slice a millisecond: others wait for one slice of each who works. */
export const PIECES_PER_SLICE = 32;

/**
 * Divides work whose pieces may all be there already. Promises that are settled go on before anything else has its turn:
 * a loop that awaits nothing else keeps all others waiting until its last piece.
 */
export class FairSlices {
  #pieces = 0;

  /** To be called for each piece, and awaited. @returns null when the slice is not over: there is nothing to await. */
  next(): Promise<void> | null {
    this.#pieces += 1;
    if (this.#pieces < PIECES_PER_SLICE) return null;
    this.#pieces = 0;
    return new Promise((resolve) => setImmediate(resolve));
  }
}
