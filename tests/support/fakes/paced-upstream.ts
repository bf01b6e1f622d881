import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A full answer has as many, after the message that it repeats: about 4,096 tokens together, the default cap. */
export const PIECES = 128;
export const PIECE =
  ' All of our books are bound by hand, and "none" of them is sold to anybody who will not read it.\nNot even for ready money – 謝謝.';

export interface UpstreamReport {
  /** To the end. */
  answered: number;
  /** By the other side. */
  brokenOff: number;
}

export type UpstreamOrder = 'report' | { readonly keepBack: number };

const PROCESS = fileURLToPath(new URL('./paced-upstream-process.js', import.meta.url));

/** Steers the process. */
export class PacedUpstream {
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    readonly baseUrl: string,
  ) {
    this.#child = child;
  }

  static async start(): Promise<PacedUpstream> {
    const child = fork(PROCESS);
    const [{ baseUrl }] = await once(child, 'message');
    return new PacedUpstream(child, baseUrl);
  }

  /** Answers go on until so many of their pieces are left; 0: to the end. */
  keepBack(pieces: number): void {
    this.#order({ keepBack: pieces });
  }

  async report(): Promise<UpstreamReport> {
    const answered = once(this.#child, 'message');
    this.#order('report');
    const [{ report }] = await answered;
    return report;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  #order(order: UpstreamOrder): void {
    this.#child.send(order);
  }
}
