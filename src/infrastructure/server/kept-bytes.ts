/** What is read of a connection that waits for room, so that it is noticed when its caller leaves. */
export class KeptBytes {
  /** In bytes: beyond that the connection is not read, and its end is noticed by a write alone. */
  static readonly MOST = 64 * 1024;

  readonly #pieces: Buffer[] = [];
  #length = 0;

  get isFull(): boolean {
    return this.#length >= KeptBytes.MOST;
  }

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Null: nothing was read. */
  get all(): Buffer | null {
    return this.#length === 0 ? null : Buffer.concat(this.#pieces);
  }
}
