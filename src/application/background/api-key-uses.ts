import type { ApiKeyVerifier } from '#src/domain/access/api-key.js';
import type { ApiKeyUse, ClientRepository } from '../ports/storage/client-repository.js';
import { type Clock, isoTime } from '../ports/system/clock.js';
import { Collector } from './collector.js';

interface Dependencies {
  readonly clients: ClientRepository;
  readonly clock: Clock;
}

/** How stale `lastUsedAt` may be: a key in constant use costs one write in this time. */
const ACCURACY_MS = 60_000;
const MAX_WAITING = 10_000;

/** Collects when keys were used. What could not be written is given up: the next use notes it again. */
export class ApiKeyUses {
  readonly #clock: Clock;
  readonly #uses: Collector<ApiKeyUse>;

  constructor({ clients, clock }: Dependencies) {
    this.#clock = clock;
    this.#uses = new Collector({
      maxWaiting: MAX_WAITING,
      merge: (noted) => noted,
      write: (uses) => clients.recordKeyUses(uses, isoTime(clock.now())),
      afterFailure: 'drop',
    });
  }

  note({ clientId, keyId, lastUsedAt }: ApiKeyVerifier): void {
    const now = this.#clock.now();
    // A time further ahead than that was written by a clock that was wrong, and says nothing.
    if (lastUsedAt !== null && Math.abs(now - Date.parse(lastUsedAt)) < ACCURACY_MS) return;
    this.#uses.note(keyId, { clientId, keyId, usedAt: isoTime(now) });
  }

  /** As that of {@link Collector}. */
  flush(): Promise<void> {
    return this.#uses.flush();
  }
}
