/** What is read of a connection that waits for room, so that it is noticed when its caller leaves. */
export class KeptBytes {
  /** In bytes: beyond that the connection is not read, and its end is noticed by a write alone. */
  static readonly MAX = 64 * 1024;

  /** One piece that grows: a buffer of its own for each read costs hundreds of bytes beside what it holds. */
  #bytes = Buffer.alloc(0);
  #length = 0;

  get isFull(): boolean {
    return this.#length >= KeptBytes.MAX;
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#bytes.length));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** Null: nothing was read. */
  get all(): Buffer | null {
    return this.#length === 0 ? null : this.#bytes.subarray(0, this.#length);
  }
}
