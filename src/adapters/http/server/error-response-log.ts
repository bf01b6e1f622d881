import type { Logger } from '#src/application/ports/system/logger.js';
import type { ConnectionPolicy } from './connection-policy.js';

/** Whose line it is. */
interface Refused {
  readonly requestId: string;
  readonly status: number;
}

/** The lines of requests that express does not know of: in each span of time the first ones, and a sum of the others. */
export class ErrorResponseLog {
  readonly #policy: ConnectionPolicy;
  readonly #logger: Logger;
  #lines = 0;
  /** Those without a line, by status. */
  readonly #unlisted = new Map<number, number>();
  #since = performance.now();

  constructor(policy: ConnectionPolicy, logger: Logger) {
    this.#policy = policy;
    this.#logger = logger;
  }

  /** @param method null where it is not known. */
  note({ requestId, status }: Refused, durationMs = 0, method: string | null = null): void {
    if (this.#lines < this.#policy.maxErrorResponseLines) {
      this.#lines += 1;
      const fields = { requestId, method, route: null, status, durationMs: Math.round(durationMs) };
      this.#logger.info(fields, 'request');
    } else this.#unlisted.set(status, (this.#unlisted.get(status) ?? 0) + 1);
  }

  /** Called now and then. @param now on the clock of `performance`. */
  look(now: number): void {
    if (now - this.#since >= this.#policy.errorResponseLogMs) this.#sumUp(now);
  }

  /** When nothing more comes. */
  close(): void {
    this.#sumUp(performance.now());
  }

  #sumUp(now: number): void {
    const spanMs = Math.round(now - this.#since);
    this.#since = now;
    this.#lines = 0;
    if (this.#unlisted.size === 0) return;
    const byStatus = Object.fromEntries(this.#unlisted);
    const refused = [...this.#unlisted.values()].reduce((sum, count) => sum + count, 0);
    this.#unlisted.clear();
    this.#logger.warn({ refused, byStatus, spanMs }, 'more requests were refused than have a line each');
  }
}
