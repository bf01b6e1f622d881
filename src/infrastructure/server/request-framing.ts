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

  /** Whether bytes of a request have come, and not all of them. */
  get isInRequest(): boolean {
    return this.#isInHead || this.#request !== null;
  }

  /** The request that has all of its headers and not all of its body. */
  get unfinished(): IncomingMessage | null {
    return this.#request;
  }

  /** How many of these bytes can go to the parser without beginning a second request. */
  nextLength(bytes: Buffer): number {
    if (this.#request !== null && this.#bodyLeft !== null && this.#bodyLeft > 0) {
      return Math.min(bytes.length, this.#bodyLeft);
    }
    if (this.#tail.length > 0) {
      const seam = Buffer.concat([this.#tail, bytes.subarray(0, HEAD_END.length - 1)]);
      const start = seam.indexOf(HEAD_END);
      if (start !== -1) return start + HEAD_END.length - this.#tail.length;
    }
    const start = bytes.indexOf(HEAD_END);
    return start === -1 ? bytes.length : start + HEAD_END.length;
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
    if (this.#request?.complete === true) {
      this.#request = null;
      this.#tail = NOTHING;
      return;
    }
    if (hasBegun) return;
    if (this.#request === null) this.#isInHead = true;
    else if (this.#bodyLeft !== null) this.#bodyLeft -= bytes.length;
    if (this.#bodyLeft === null || this.#request === null) this.#keepTail(bytes);
  }

  #keepTail(bytes: Buffer): void {
    const end = bytes.subarray(1 - HEAD_END.length);
    const kept = end.length === HEAD_END.length - 1 ? end : Buffer.concat([this.#tail, end]);
    // A copy: a view would keep all that was read with it.
    this.#tail = Buffer.from(kept.subarray(1 - HEAD_END.length));
  }
}
