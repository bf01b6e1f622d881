const LF = 0x0a;
const CR = 0x0d;
const FIRST_BYTES = 4096;

/** Splits an event stream behind its blank lines (WHATWG HTML, 9.2.5). It looks at each byte once. */
export class EventSplitter {
  /** The unfinished event is its beginning. */
  #kept = Buffer.alloc(FIRST_BYTES);
  #keptBytes = 0;
  /** Whether the line that goes on has nothing in it yet, and whether the event has. */
  #isLineEmpty = true;
  #isEventEmpty = true;
  #endedInCr = false;

  get unfinishedBytes(): number {
    return this.#keptBytes;
  }

  /** The events that end in the chunk, each with the blank line behind it; those that hold nothing are left out. */
  *split(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      if (!this.#endsEvent(chunk[index])) continue;
      if (!this.#isEventEmpty) yield this.#take(chunk.subarray(start, index + 1));
      this.#keptBytes = 0;
      this.#isEventEmpty = true;
      start = index + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** What came behind the last blank line. */
  rest(): Buffer {
    return this.#take(Buffer.alloc(0));
  }

  #endsEvent(byte: number | undefined): boolean {
    const isSecondOfCrLf = byte === LF && this.#endedInCr;
    this.#endedInCr = byte === CR;
    if (isSecondOfCrLf) return false;
    const isLineEnd = byte === LF || byte === CR;
    const isBlankLine = isLineEnd && this.#isLineEmpty;
    this.#isLineEmpty = isLineEnd;
    if (!isLineEnd) this.#isEventEmpty = false;
    return isBlankLine;
  }

  #take(end: Buffer): Buffer {
    return Buffer.concat([this.#kept.subarray(0, this.#keptBytes), end]);
  }

  /** In room that doubles, so that it is copied as often as it is long. */
  #keep(bytes: Buffer): void {
    const needed = this.#keptBytes + bytes.length;
    if (needed > this.#kept.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#kept.length));
      this.#kept.copy(larger, 0, 0, this.#keptBytes);
      this.#kept = larger;
    }
    bytes.copy(this.#kept, this.#keptBytes);
    this.#keptBytes = needed;
  }
}
