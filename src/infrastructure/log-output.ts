import { writeSync } from 'node:fs';
import { pino } from 'pino';

/** Lines go out together, by so many characters or after so long: a write for each would cost as much as the turn's own work. */
const GATHERED = 8192;
const GATHERED_MS = 100;
/** What may wait for a reader of the log; lines that come then are dropped, and counted. */
const MAX_WAITING = 1024 * 1024;
/** How long the end of the process waits for a reader that takes nothing. */
const LAST_WAIT_MS = 1000;
const LAST_LOOK_MS = 10;

/**
 * Log lines on a pipe, socket or file. The service never waits for whoever reads them, and never ends because nobody does:
 * a reader that is behind misses lines, and a line gives their number. What waits when the process exits is still written, unless
 * nobody takes it.
 */
export class LogOutput {
  readonly #fd: number;
  #lines = '';
  /** Of what was written in part. */
  #rest: Buffer = Buffer.alloc(0);
  #dropped = 0;
  #isClosed = false;
  #timer: NodeJS.Timeout | null = null;

  /** @param fd has to be non-blocking, where it can block at all. */
  constructor(fd: number) {
    this.#fd = fd;
    process.once('exit', () => this.#flushAtLast());
  }

  write(line: string): void {
    if (this.#isClosed) return;
    if (this.#rest.length + this.#lines.length + line.length > MAX_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#lines += line;
    if (this.#lines.length >= GATHERED && this.#rest.length === 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), GATHERED_MS).unref();
  }

  #flush(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
    while (this.#take()) if (!this.#writeSome()) break;
    if (this.#rest.length > 0) this.#timer = setTimeout(() => this.#flush(), GATHERED_MS).unref();
  }

  #flushAtLast(): void {
    let waitsSinceMs = performance.now();
    while (this.#take() && performance.now() - waitsSinceMs < LAST_WAIT_MS) {
      if (this.#writeSome()) waitsSinceMs = performance.now();
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_LOOK_MS);
    }
  }

  /** @returns whether there is anything to write. */
  #take(): boolean {
    if (this.#rest.length === 0) {
      this.#rest = Buffer.from(this.#lines + this.#droppedLine());
      this.#lines = '';
    }
    return this.#rest.length > 0;
  }

  /** As pino would write it. */
  #droppedLine(): string {
    if (this.#dropped === 0) return '';
    const dropped = this.#dropped;
    this.#dropped = 0;
    const msg = 'log lines were dropped: nobody took them';
    return `{"level":40${pino.stdTimeFunctions.isoTime()},"dropped":${dropped},"msg":"${msg}"}\n`;
  }

  /** @returns false when nothing is taken for now. */
  #writeSome(): boolean {
    try {
      this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest));
      return true;
    } catch (error) {
      // Whatever else it is, a full pipe or a full disk, may pass.
      if (error instanceof Error && 'code' in error && error.code === 'EPIPE') this.#close();
      return false;
    }
  }

  #close(): void {
    this.#isClosed = true;
    this.#rest = Buffer.alloc(0);
    this.#lines = '';
    try {
      writeSync(2, 'FastWrap goes on without a log: its standard output was closed.\n');
    } catch {
      // There is no reader left.
    }
  }
}
