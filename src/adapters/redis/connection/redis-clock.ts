/**
 * The clock of one Redis server, as its answers show it: each was given between the moments when it was asked for and when
 * it came. The bounds narrow with every answer; one that does not fit them, because a clock was set or both drifted
 * apart, replaces them.
 */
export class RedisClock {
  /** What the server's clock is ahead of `performance.now()`, at least and at most, in milliseconds. */
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;

  /** @param now the server's time in whole milliseconds, at some moment from `sentAt` to `receivedAt` by `performance.now()`. */
  learn(now: number, sentAt: number, receivedAt: number): void {
    const least = now - receivedAt;
    const max = now + 1 - sentAt;
    const fits = least <= this.#most && max >= this.#least;
    this.#least = fits ? Math.max(least, this.#least) : least;
    this.#most = fits ? Math.min(max, this.#most) : max;
  }

  /**
   * @param moment by `performance.now()`.
   * @returns whole milliseconds since the epoch: while the server's clock shows less, that moment has not passed. 0 while
   * nothing is known of that clock.
   */
  notAfter(moment: number): number {
    return Math.max(0, Math.floor(moment + this.#least));
  }
}
