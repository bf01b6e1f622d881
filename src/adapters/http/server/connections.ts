import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { untilAborted } from '#src/application/async/until-aborted.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { AppError } from '#src/domain/errors.js';
import { type AddressShare, AddressShares } from './address-shares.js';
import { Connection } from './connection.js';
import type { ConnectionPolicy } from './connection-policy.js';
import { formatErrorResponse, toErrorResponse } from './error-response.js';
import { ErrorResponseLog } from './error-response-log.js';
import { FairTurns } from './fair-turns.js';

/** In one round of the event loop: to refuse one takes some 0.2 ms. */
const MAX_ENDED_AT_ONCE = 4;

/** The open connections of a server. */
export class Connections {
  readonly #open = new Map<Duplex, Connection>();
  readonly #turns = new FairTurns();
  readonly #shares: AddressShares;
  readonly #policy: ConnectionPolicy;
  readonly #errorResponses: ErrorResponseLog;
  readonly #logger: Logger;
  #isLooking = false;

  constructor(policy: ConnectionPolicy, logger: Logger) {
    this.#policy = policy;
    this.#logger = logger;
    this.#errorResponses = new ErrorResponseLog(policy, logger);
    this.#shares = new AddressShares(policy);
  }

  /** Answers and ends one that is too many for its address; keeps any other until it closes. */
  add(socket: Socket): void {
    const share = this.#shares.find(socket.remoteAddress);
    if (share === null) this.#refuse(socket);
    else this.#keep(socket, share);
  }

  find(socket: Duplex): Connection | undefined {
    return this.#open.get(socket);
  }

  /**
   * Resolves when the requests that run now have their answers, or with the signal. Later requests are not waited for.
   * @returns whether any ran.
   */
  async answered(signal: AbortSignal): Promise<boolean> {
    const running = [...this.#open.values()].flatMap(({ requestsUnderWay }) => [...requestsUnderWay]);
    const over = running.map(
      (response: ServerResponse) => new Promise((resolve) => response.once('close', resolve)),
    );
    await untilAborted(signal, Promise.all(over)).catch(() => undefined);
    return running.length > 0;
  }

  /**
   * Ends the connections that are owed nothing, also those that have not brought a request yet. Node's own notion of
   * idle leaves these out, and takes in an answer that is complete but has not been written to its end.
   */
  cutIdle(): void {
    for (const connection of this.#open.values()) if (connection.isIdle) connection.cut();
  }

  /**
   * Ends those that have taken too long, or too much. Now and then, so that the others cost nothing; a few in each round of
   * the event loop, since hundreds that came together are late together.
   */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#attempt(() => this.#errorResponses.look(performance.now()));
      this.#attempt(() => this.#shares.cutGreedy());
      await this.#endLate();
    } finally {
      this.#isLooking = false;
    }
  }

  async #endLate(): Promise<void> {
    let ended = 0;
    for (const [socket, connection] of this.#open) {
      const isOver = this.#attempt(
        () => connection.look(performance.now()),
        () => socket.destroy(),
      );
      if (isOver === false) continue;
      ended += 1;
      if (ended % MAX_ENDED_AT_ONCE === 0) await setImmediate();
    }
  }

  /** One that fails must not keep the look from the others; nor must a logger that fails. */
  #attempt<T>(look: () => T, onFailure?: () => void): T | undefined {
    try {
      return look();
    } catch (error) {
      onFailure?.();
      try {
        this.#logger.error({ error }, 'the look after connections failed');
      } catch {
        // There is no log to write to.
      }
      return undefined;
    }
  }

  /** When none is left. */
  close(): void {
    this.#errorResponses.close();
  }

  #keep(socket: Socket, share: AddressShare): void {
    const connection = new Connection(socket, {
      policy: this.#policy,
      share,
      turns: this.#turns,
      errorResponses: this.#errorResponses,
    });
    this.#open.set(socket, connection);
    this.#shares.join(share, connection);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#shares.leave(share, connection);
    });
  }

  /** Waits for nothing: what is too many must not be held open by a reader. */
  #refuse(socket: Socket): void {
    const max = this.#policy.maxConnectionsPerAddress;
    const detail = `The limit "connections" was hit: ${max} open connections of this address.`;
    const errorResponse = toErrorResponse(new AppError('rate_limited', { detail, retryAfterSeconds: 1 }));
    this.#errorResponses.note(errorResponse);
    socket.pause();
    socket.end(formatErrorResponse(errorResponse), () => socket.destroy());
  }
}
