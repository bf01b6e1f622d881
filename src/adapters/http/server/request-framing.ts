import type { IncomingMessage } from 'node:http';

const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * Where in the bytes of a connection one request ends and the next begins (RFC 9112, 6.3), so that they can be given to
 * the parser one by one: by itself it would begin all that came in one read, which are thousands. It decides nothing
 * else: what is a valid request, and what it says, is the parser's word.
 */
export class RequestFraming {
  /** The request whose body is awaited, or null between two requests and in the middle of a head. */
  #request: IncomingMessage | null = null;
  /** Null: it comes in chunks. */
  #bodyLeft: number | null = 0;
  /** Of a head, or of chunks, that may end with the next bytes. */
  #tail: Buffer = NOTHING;
  #isInHead = false;
  /** Up to where the bytes that go to the parser next belong to a head. */
  #headLength = 0;

  /** Whether bytes of a request have come, and not all of them. */
  get isInRequest(): boolean {
    return this.#isInHead || this.#request !== null;
  }

  /** The request that has all of its headers and not all of its body. */
  get unfinished(): IncomingMessage | null {
    return this.#request;
  }

  /**
   * How many of these bytes can go to the parser without beginning a second request. With one end of headers among them
   * that is all: what comes behind it, a body or not, is no whole head.
   */
  nextLength(bytes: Buffer): number {
    if (this.#request !== null && this.#bodyLeft !== null && this.#bodyLeft > 0) {
      return Math.min(bytes.length, this.#bodyLeft);
    }
    const end = this.#endOfHead(bytes);
    this.#headLength = end;
    if (this.#request !== null || end === bytes.length) return end;
    return bytes.indexOf(HEAD_END, end) === -1 ? bytes.length : end;
  }

  /** When the parser has found the headers of a request. */
  begin(request: IncomingMessage): void {
    this.#request = request;
    this.#isInHead = false;
    this.#tail = NOTHING;
    const { 'transfer-encoding': encoding, 'content-length': length } = request.headers;
    this.#bodyLeft = encoding === undefined ? Number(length ?? 0) : null;
  }

  /** When the parser has taken them. @param hasBegun whether they held the end of a request's headers. */
  advance(bytes: Buffer, hasBegun: boolean): void {
    const behindHead = bytes.length - (hasBegun ? this.#headLength : 0);
    if (this.#request === null) this.#beginHead(bytes);
    else if (this.#request.complete) {
      const ofNext = this.#bodyLeft === null ? 0 : behindHead - this.#bodyLeft;
      this.#request = null;
      this.#tail = NOTHING;
      if (ofNext > 0) this.#beginHead(bytes.subarray(-ofNext));
    } else if (this.#bodyLeft !== null) this.#bodyLeft -= behindHead;
    else if (behindHead > 0) this.#keepTail(bytes.subarray(-behindHead));
  }

  #beginHead(bytes: Buffer): void {
    this.#isInHead = true;
    this.#keepTail(bytes);
  }

  /** Where the body begins, or the next request; behind all of them when they hold no end. */
  #endOfHead(bytes: Buffer): number {
    if (this.#tail.length > 0) {
      const seam = Buffer.concat([this.#tail, bytes.subarray(0, HEAD_END.length - 1)]);
      const start = seam.indexOf(HEAD_END);
      if (start !== -1) return start + HEAD_END.length - this.#tail.length;
    }
    const start = bytes.indexOf(HEAD_END);
    return start === -1 ? bytes.length : start + HEAD_END.length;
  }

  #keepTail(bytes: Buffer): void {
    const end = bytes.subarray(1 - HEAD_END.length);
    const kept = end.length === HEAD_END.length - 1 ? end : Buffer.concat([this.#tail, end]);
    // A copy: a view would keep all that was read with it.
    this.#tail = Buffer.from(kept.subarray(1 - HEAD_END.length));
  }
}
