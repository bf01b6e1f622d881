import type { ApiKeyVerifier } from '#src/domain/access/api-key.js';
import type { ApiKeyUse, ClientRepository } from '../ports/storage/client-repository.js';
import { type Clock, isoTime } from '../ports/system/clock.js';

interface Dependencies {
  readonly clients: ClientRepository;
  readonly clock: Clock;
}

/** How stale `lastUsedAt` may be: a key in constant use costs one write in this time. */
const ACCURACY_MS = 60_000;
const MAX_WAITING = 10_000;

/**
 * Collects when keys were used, so that no request waits for that write. Whoever owns it calls
 * `flush` now and then, and once at the end.
 */
export class ApiKeyUses {
  readonly #deps: Dependencies;
  #waiting = new Map<string, ApiKeyUse>();
  #writing: Promise<void> = Promise.resolve();

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  note(key: ApiKeyVerifier): void {
    const now = this.#deps.clock.now();
    // A time further ahead than that was written by a clock that was wrong, and says nothing.
    if (key.lastUsedAt !== null && Math.abs(now - Date.parse(key.lastUsedAt)) < ACCURACY_MS) return;
    if (this.#waiting.has(key.keyId) || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(key.keyId, { clientId: key.clientId, keyId: key.keyId, usedAt: isoTime(now) });
  }

  /**
   * When it resolves, whatever was noted before is written; an earlier flush that still writes is waited for. What could not
   * be written is given up: the next use notes it again.
   */
  async flush(): Promise<void> {
    const earlier = this.#writing.catch(() => undefined);
    if (this.#waiting.size === 0) return earlier;
    const uses = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#writing = earlier.then(() =>
      this.#deps.clients.recordKeyUses(uses, isoTime(this.#deps.clock.now())),
    );
    return this.#writing;
  }
}
