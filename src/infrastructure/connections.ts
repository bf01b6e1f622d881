import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bytesTaken } from '#src/adapters/http/bytes-taken.js';

/** The open connections of a server, each with the answer to the last request that it brought. */
export class Connections {
  /** What was taken of an answer that waits for its reader, when it was last looked at. */
  readonly #open = new Map<Socket, number | null>();
  readonly #answers = new WeakMap<Duplex, ServerResponse>();
  /** Those that wait for the one before them, or did when they were asked for. */
  readonly #queued = new WeakMap<Socket, Set<ServerResponse>>();

  add(socket: Socket): void {
    this.#open.set(socket, null);
    socket.once('close', () => {
      this.#open.delete(socket);
      for (const response of this.#queued.get(socket) ?? []) closeUnsent(response);
    });
  }

  answer(socket: Socket, response: ServerResponse): void {
    this.#answers.set(socket, response);
    if (response.socket === null) this.#queue(socket, response);
  }

  latestAnswer(socket: Duplex): ServerResponse | undefined {
    return this.#answers.get(socket);
  }

  /**
   * Resolves when the requests that run now have their answers, or with the signal. Later requests are not waited for.
   * @returns whether any ran.
   */
  async answered(signal: AbortSignal): Promise<boolean> {
    const running = [...this.#open.keys()]
      .map((socket) => this.#answers.get(socket))
      .filter((response) => response !== undefined)
      .filter((response) => !response.writableFinished && !response.destroyed);
    const over = running.map((response) => new Promise((resolve) => response.once('close', resolve)));
    const ended = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await Promise.race([Promise.all(over), ended]);
    return running.length > 0;
  }

  /**
   * Ends the connections that are owed nothing, also those that have not brought a request yet. Node's own notion of
   * idle leaves these out, and takes in an answer that is complete but has not been written to its end.
   */
  cutIdle(): void {
    for (const socket of this.#open.keys()) {
      if (this.#answers.get(socket)?.writableFinished ?? true) socket.destroy();
    }
  }

  /**
   * Ends the connections whose reader has taken nothing of a finished answer since the last time. Looked after from time
   * to time and all at once, so that an answer that is read costs nothing.
   */
  cutStalled(): void {
    for (const [socket, before] of this.#open) {
      const answer = this.#answers.get(socket);
      const isWaiting = socket.writableLength > 0 && answer?.writableEnded === true;
      const taken = isWaiting ? bytesTaken(socket) : null;
      this.#open.set(socket, taken);
      if (taken === null || taken !== before) continue;
      answer?.destroy(new Error('The reader makes no headway.'));
      socket.destroy();
    }
  }

  #queue(socket: Socket, response: ServerResponse): void {
    const queued = this.#queued.get(socket) ?? new Set();
    this.#queued.set(socket, queued.add(response));
    response.once('close', () => queued.delete(response));
  }
}

/**
 * Node closes only the answer that has the connection when that dies. Whoever works for one behind it waits for a
 * `close` that never comes.
 */
function closeUnsent(response: ServerResponse): void {
  if (response.socket !== null || response.destroyed) return;
  response.destroy();
  response.emit('close');
}
