import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FairTurns, TurnTaker } from './fair-turns.js';
import { KeptBytes } from './kept-bytes.js';
import { RequestFraming } from './request-framing.js';

/** What the reader asks before it begins a request. */
export interface RequestGate {
  /** Whether no request is under way. */
  readonly isIdle: boolean;
  /** Whether there may be one more. */
  readonly hasRoom: boolean;
  /** More is to come, or waits, than what is under way. Called again and again. */
  expectMore(): void;
  /** Has the reader notified ({@link RequestReader.goOn}) when there may be room. */
  park(): void;
}

/**
 * Stands between a socket and Node's parser, and gives the parser one request at a time: the first at once; one that is
 * pipelined behind others when there is room for it and its turn has come. Not much of what waits is read, so that TCP
 * slows the caller down; some is, since a caller that leaves is noticed by reading. Without it Node begins whatever one
 * read brings, which are thousands of requests.
 */
export class RequestReader implements TurnTaker {
  readonly #socket: Socket;
  readonly #turns: FairTurns;
  readonly #gate: RequestGate;
  readonly #parse: (bytes: Buffer) => void;
  readonly #framing = new RequestFraming();
  /** Since when the caller owes the rest of a request, or its first one. */
  #awaitedSince: number | null = performance.now();
  #hasBegun = false;
  /** Something to read waits in the socket. */
  #isHeld = false;
  #hasTurn = false;
  #isStopped = false;
  #discardUpTo = Number.POSITIVE_INFINITY;
  /** Was read while there was no room. */
  #kept: KeptBytes | null = null;

  constructor(socket: Socket, turns: FairTurns, gate: RequestGate) {
    this.#socket = socket;
    this.#turns = turns;
    this.#gate = gate;
    const [parse] = socket.listeners('data');
    if (parse === undefined) throw new Error('Node does not listen to the data of this connection');
    this.#parse = (bytes) => Reflect.apply(parse, socket, [bytes]);
    socket.removeAllListeners('data');
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  /** The request that has all of its headers and not all of its body. */
  get unfinished(): IncomingMessage | null {
    return this.#framing.unfinished;
  }

  /** In the middle of a head while an answer is owed: nothing is held for its sake that is not held for that. */
  get #isAhead(): boolean {
    return this.#framing.unfinished === null && !this.#gate.isIdle;
  }

  /** Whether more has come, or is to come, than has been answered. */
  get isOwedMore(): boolean {
    return this.#isHeld || this.#framing.isInRequest;
  }

  /**
   * How long the caller has owed the rest of a request, in milliseconds; null while it owes none. Nothing
   * counts while it is not read, and nothing of a head while an answer before it is under way.
   * @param now on the clock of `performance`.
   */
  awaitedMs(now: number): number | null {
    if (this.#awaitedSince === null) return null;
    if (this.#isHeld || this.#isAhead) this.#awaitedSince = now;
    return now - this.#awaitedSince;
  }

  /** When the parser has found the headers of a request. */
  begin(request: IncomingMessage): void {
    this.#hasBegun = true;
    this.#framing.begin(request);
  }

  /** When there may be room again. */
  goOn(): void {
    if (this.#isHeld) this.#turns.request(this);
  }

  takeTurn(): void {
    if (this.#socket.readableEnded) return;
    if (!this.#gate.hasRoom) {
      this.#gate.park();
      this.#kept ??= new KeptBytes();
      if (!this.#kept.isFull) this.#socket.resume();
      return;
    }
    this.#isHeld = false;
    this.#hasTurn = true;
    this.#putBack();
    this.#socket.resume();
  }

  /** For good. What still comes is not read. */
  stop(): void {
    this.#isStopped = true;
    this.#isHeld = false;
    this.#kept = null;
    this.#turns.withdraw(this);
    this.#socket.pause();
  }

  /**
   * After {@link stop}: reads what still comes and throws it away, so that the caller can end the connection properly, and
   * ends the connection itself when more comes than that.
   */
  discard(maxBytes: number): void {
    this.#discardUpTo = this.#socket.bytesRead + maxBytes;
    this.#socket.resume();
  }

  #read(bytes: Buffer): void {
    if (this.#isStopped) {
      if (this.#socket.bytesRead > this.#discardUpTo) this.#socket.destroy();
      return;
    }
    if (this.#kept !== null) {
      this.#kept.add(bytes);
      if (this.#kept.isFull) this.#socket.pause();
      return;
    }
    // A connection that was ended from within may have lost its parser, and has not been closed yet.
    for (let rest = bytes; rest.length > 0 && !this.#isStopped && !this.#socket.destroyed; ) {
      // Node has paused it, and resumes it: its parser takes nothing until then.
      if (this.#socket.isPaused()) {
        this.#socket.unshift(rest);
        return;
      }
      if (!this.#mayGoOn()) {
        this.#hold(rest);
        return;
      }
      const length = this.#framing.nextLength(rest);
      if (length === rest.length) {
        this.#feed(rest);
        return;
      }
      this.#feed(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  }

  #mayGoOn(): boolean {
    if (this.#framing.unfinished !== null || this.#gate.isIdle) return true;
    const hasTurn = this.#hasTurn;
    this.#hasTurn = false;
    return hasTurn && this.#gate.hasRoom;
  }

  #feed(piece: Buffer): void {
    this.#awaitedSince ??= performance.now();
    this.#hasBegun = false;
    this.#parse(piece);
    this.#framing.advance(piece, this.#hasBegun);
    if (this.#framing.isInRequest) this.#gate.expectMore();
    else this.#awaitedSince = null;
  }

  #hold(rest: Buffer): void {
    this.#isHeld = true;
    this.#gate.expectMore();
    this.#socket.pause();
    this.#socket.unshift(rest);
    this.#turns.request(this);
  }

  #putBack(): void {
    const kept = this.#kept?.all ?? null;
    this.#kept = null;
    // A socket that flows would be read from within.
    this.#socket.pause();
    if (kept !== null) this.#socket.unshift(kept);
  }
}
