import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AppError } from '#src/domain/errors.js';
import type { AddressShare, ShareHolder } from './address-shares.js';
import type { ConnectionPolicy } from './connection-policy.js';
import { formatErrorResponse, respondWithError, toErrorResponse } from './error-response.js';
import type { ErrorResponseLog } from './error-response-log.js';
import type { FairTurns } from './fair-turns.js';
import { ReaderHeadway } from './reader-headway.js';
import { type RequestGate, RequestReader } from './request-reader.js';

export interface ConnectionDeps {
  readonly policy: ConnectionPolicy;
  readonly share: AddressShare;
  readonly turns: FairTurns;
  readonly errorResponses: ErrorResponseLog;
}

/** One caller's connection: the requests under way on it, what it owes and is owed, and how it ends. */
export class Connection implements RequestGate, ShareHolder {
  readonly #socket: Socket;
  readonly #deps: ConnectionDeps;
  readonly #reader: RequestReader;
  readonly #headway: ReaderHeadway;
  /** In the order of their requests; each until all of it is with the kernel. */
  readonly #underWay = new Set<ServerResponse>();
  /** That of the last request. */
  #latest: ServerResponse | null = null;
  #answeredAt: number | null = null;
  /** To be written when the answers before it are. */
  #lastWord: AppError | null = null;
  /** The answer that an error response took the place of. */
  #refused: ServerResponse | null = null;
  #isEnding = false;
  #mayLinger = false;
  #endBy: number | null = null;

  constructor(socket: Socket, deps: ConnectionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.#reader = new RequestReader(socket, deps.turns, this);
    this.#headway = new ReaderHeadway(socket);
    socket.once('close', () => this.#close());
  }

  get requestsUnderWay(): Iterable<ServerResponse> {
    return this.#underWay;
  }

  get isIdle(): boolean {
    return this.#underWay.size === 0;
  }

  get waitingBytes(): number {
    let bytes = this.#socket.writableLength;
    for (const response of this.#underWay) if (response.socket === null) bytes += response.writableLength;
    return bytes;
  }

  /** For every request that the parser finds, before anybody works for it. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    this.#reader.begin(request);
    this.#latest = response;
    this.#answeredAt = null;
    this.#underWay.add(response);
    if (this.#underWay.size > 1) this.#deps.share.pipelined += 1;
    response.once('close', () => this.#end(response));
  }

  /**
   * Reads nothing more, and ends when all answers are written and then this one: in place of the answer to the request that
   * is still arriving, or as one of its own. An answer that is begun and still made is cut: nothing says when it ends.
   */
  refuse(error: AppError): void {
    if (this.#isEnding || !this.#socket.writable || this.#isStreaming) {
      this.#socket.destroy();
      return;
    }
    this.#isEnding = true;
    this.#reader.stop();
    if (this.#reader.unfinished === null) this.#lastWord = error;
    else if (this.#latest?.headersSent === false) {
      this.#refused = this.#latest;
      respondWithError(this.#latest, error, this.#deps.errorResponses);
    }
    this.#endIfAnswered();
  }

  cut(reason?: Error): void {
    for (const response of this.#underWay) if (response.socket !== null) response.destroy(reason);
    this.#socket.destroy();
  }

  /** Ends what has taken too long. @param now on the clock of `performance`. @returns whether there was anything to end. */
  look(now: number): boolean {
    const { policy } = this.#deps;
    if (this.#isEnding && this.#endBy === null && this.#owesNothingElse) this.#endBy = now + policy.lingerMs;
    if (this.#endBy !== null && now >= this.#endBy) this.cut();
    else if (this.#headway.stalledMs(now) >= policy.stallMs)
      this.cut(new Error('The reader makes no headway.'));
    else if (!this.#isEnding && this.#isLate(now)) this.#timeOut();
    else return false;
    return true;
  }

  #timeOut(): void {
    // A caller that has sent nothing has asked nothing; one that has its answer and still sends will not read another.
    if (this.#socket.bytesRead === 0 || this.#answeredAt !== null) this.cut();
    else this.refuse(new AppError('request_timeout'));
  }

  #isLate(now: number): boolean {
    const { headersMs, requestMs, lateBodyMs } = this.#deps.policy;
    const awaitedMs = this.#reader.awaitedMs(now);
    if (awaitedMs === null) return false;
    if (this.#reader.unfinished === null) return awaitedMs >= headersMs;
    if (this.#latest?.writableFinished === true) this.#answeredAt ??= now;
    if (this.#answeredAt !== null && now - this.#answeredAt >= lateBodyMs) return true;
    return awaitedMs >= requestMs;
  }

  /** A connection always has room for one, so that none waits for another's answers. */
  get hasRoom(): boolean {
    const { policy, share } = this.#deps;
    if (this.#underWay.size === 0) return true;
    if (this.#underWay.size >= policy.maxRequestsUnderWay) return false;
    return !share.isBounded || share.pipelined < policy.maxPipelinedPerAddress;
  }

  get #isStreaming(): boolean {
    for (const { headersSent, writableEnded } of this.#underWay)
      if (headersSent && !writableEnded) return true;
    return false;
  }

  get #owesNothingElse(): boolean {
    const [first, second] = this.#underWay;
    return first === undefined || (second === undefined && first === this.#refused);
  }

  /**
   * Node ends a connection behind its last answer, by `destroySoon`. A caller that still sends would get a reset from that,
   * and not read the answer. Most connections never come here, and keep the method that all sockets share.
   */
  expectMore(): void {
    if (this.#mayLinger) return;
    this.#mayLinger = true;
    const socket = this.#socket;
    const endAtOnce = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      if (this.#reader.isOwedMore || this.#isEnding) this.#endGently();
      else endAtOnce();
    };
  }

  park(): void {
    this.#deps.share.parked.add(this);
  }

  goOn(): void {
    this.#deps.share.parked.delete(this);
    this.#reader.goOn();
  }

  #end(response: ServerResponse): void {
    const { share } = this.#deps;
    if (this.#underWay.size > 1) share.pipelined -= 1;
    this.#underWay.delete(response);
    this.goOn();
    const [parked] = share.parked;
    parked?.goOn();
    if (this.#isEnding) this.#endIfAnswered();
  }

  #endIfAnswered(): void {
    if (this.#underWay.size > 0 || this.#socket.writableEnded) return;
    const errorResponse = this.#lastWord === null ? null : toErrorResponse(this.#lastWord);
    this.#lastWord = null;
    if (errorResponse !== null) {
      this.#deps.errorResponses.note(errorResponse, this.#reader.awaitedMs(performance.now()) ?? 0);
      this.#socket.write(formatErrorResponse(errorResponse));
    }
    this.#endGently();
  }

  /** Writes nothing more, and reads without a use for it, until the caller has closed or {@link look} finds it late. */
  #endGently(): void {
    this.#isEnding = true;
    this.#reader.stop();
    this.#endBy ??= performance.now() + this.#deps.policy.lingerMs;
    this.#socket.end();
    this.#reader.discard(this.#deps.policy.lingerBytes);
  }

  #close(): void {
    this.#reader.stop();
    // Node notifies only those whose requests have no answer yet.
    this.#reader.unfinished?.destroy(new Error('The connection has ended.'));
    for (const response of this.#underWay) closeUnsent(response);
  }
}

/**
 * Node closes only the answer that has the connection when that dies. Whoever works for one behind it waits for a
 * `close` that never comes, also when that answer was destroyed before.
 */
function closeUnsent(response: ServerResponse): void {
  if (response.socket !== null || response.writableFinished) return;
  if (!response.destroyed) response.destroy();
  response.emit('close');
}
