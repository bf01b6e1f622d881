import type { Socket } from 'node:net';
import { socketProgress } from './socket-progress.js';

/** Whether the reader of a connection takes any of what waits for it. */
export class ReaderHeadway {
  readonly #socket: Socket;
  /** What the reader has taken, as long as something waits for it, and since when it is no more. */
  #taken: number | null = null;
  #takenAt = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** For how long it has taken nothing, in milliseconds, as far as calls show. @param now on the clock of `performance`. */
  stalledMs(now: number): number {
    const taken = this.#socket.writableLength === 0 ? null : socketProgress(this.#socket);
    if (taken === null || taken !== this.#taken) {
      this.#taken = taken;
      this.#takenAt = now;
    }
    return now - this.#takenAt;
  }
}
