import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FairTurns, TurnTaker } from './fair-turns.js';
import { RequestFraming } from './request-framing.js';

/** Of a connection that waits for room, in bytes: beyond that it is not read, and its end is noticed by a write alone. */
const MAX_KEPT = 64 * 1024;

/** What the reader asks before it begins a request. */
export interface RequestGate {
  /** Whether no request is under way. */
  readonly isIdle: boolean;
  /** Whether there may be one more. */
  readonly hasRoom: boolean;
  /** Has the reader told ({@link RequestReader.goOn}) when there may be room. */
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
  /** Was read while there was no room. */
  #kept: Buffer[] | null = null;

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

  /**
   * How long the caller has owed the rest of a request, in milliseconds; null while it owes none, or is not read.
   * @param now on the clock of `performance`.
   */
  awaitedMs(now: number): number | null {
    if (this.#awaitedSince === null) return null;
    if (this.#isHeld) this.#awaitedSince = now;
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
      this.#kept ??= [];
      if (sizeOf(this.#kept) < MAX_KEPT) this.#socket.resume();
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

  /** After {@link stop}: reads what still comes and throws it away, so that the caller can end the connection properly. */
  discard(): void {
    this.#socket.resume();
  }

  #read(bytes: Buffer): void {
    if (this.#kept !== null) {
      this.#kept.push(bytes);
      if (sizeOf(this.#kept) >= MAX_KEPT) this.#socket.pause();
      return;
    }
    for (let rest = bytes; rest.length > 0 && !this.#isStopped; ) {
      // Node has paused it, and resumes it: its parser takes nothing until then.
      if (this.#socket.isPaused()) {
        this.#socket.unshift(rest);
        return;
      }
      if (!this.#mayGoOn()) {
        this.#hold(rest);
        return;
      }
      const piece = rest.subarray(0, this.#framing.nextLength(rest));
      rest = rest.subarray(piece.length);
      this.#feed(piece);
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
    if (!this.#framing.isInRequest) this.#awaitedSince = null;
  }

  #hold(rest: Buffer): void {
    this.#isHeld = true;
    this.#socket.pause();
    this.#socket.unshift(rest);
    this.#turns.request(this);
  }

  #putBack(): void {
    const kept = this.#kept ?? [];
    this.#kept = null;
    // A socket that flows would be read from within.
    this.#socket.pause();
    if (kept.length > 0) this.#socket.unshift(Buffer.concat(kept));
  }
}

function sizeOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((size, { length }) => size + length, 0);
}
