import { type Idempotency, REPLAY_TTL_SECONDS } from '#src/application/ports/chat/conversation-cache.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import { AppError } from '#src/domain/errors.js';
import { ClientMap } from '../structures/client-map.js';
import { FairLru } from '../structures/fair-lru.js';
import type { ConcernedTurn } from './turn-queue.js';

export interface IdempotencyStoreOptions {
  /** Decides what has expired. */
  readonly clock: Clock;
  /** Of all clients together. */
  readonly maxReplays: number;
  readonly maxReplaysOfClient: number;
  /** Of all clients together. */
  readonly maxBytes: number;
}

/** A key while the request that came with it is under way: `free` ends that, `keep` comes before it or not at all. */
export interface IdempotencyLock {
  /** Whether the answer can be kept at all. */
  fits(answer: string): boolean;
  keep(answer: string): void;
  /** Leaves what was kept, and whoever holds the key since it was freed or forgotten. */
  free(): void;
}

/** What is known of a key. */
interface Known {
  readonly digest: string;
  readonly turn: ConcernedTurn;
}

interface Held extends Known {
  readonly key: string;
}

interface Kept extends Known {
  readonly answer: string;
}

/** What objects, map entries, ids, key and digest take on the heap besides the answer: measured as 1.45 kB, rounded up. */
const RECORD_OVERHEAD_BYTES = 1536;
const BYTES_PER_UTF16_UNIT = 2;

function sizeOf({ answer }: Kept): number {
  return RECORD_OVERHEAD_BYTES + BYTES_PER_UTF16_UNIT * answer.length;
}

/**
 * The idempotency keys of each client: those under way, as many as there are requests, and those with a replay record,
 * within bounds of count and bytes.
 */
export class IdempotencyStore {
  readonly #held = new ClientMap<Held>();
  readonly #kept: FairLru<Kept>;

  constructor({ clock, maxReplays, maxReplaysOfClient, maxBytes }: IdempotencyStoreOptions) {
    this.#kept = new FairLru({
      clock,
      maxEntries: maxReplays,
      maxEntriesOfClient: maxReplaysOfClient,
      maxBytes,
      sizeOf,
    });
  }

  /** How many answers are kept, expired ones that have not been purged yet included. */
  get size(): number {
    return this.#kept.size;
  }

  /**
   * @returns the answer that is kept, or null: the key is free.
   * @throws AppError `idempotency_mismatch`, `request_in_progress`.
   */
  find(clientId: string, { key, digest }: Idempotency): string | null {
    const kept = this.#kept.get(clientId, key);
    const known = kept ?? this.#held.get(clientId, key);
    if (known === undefined) return null;
    if (known.digest !== digest) throw new AppError('idempotency_mismatch');
    if (kept === undefined) throw new AppError('request_in_progress', { retryAfterSeconds: 1 });
    return kept.answer;
  }

  /** Takes a key that is free. */
  hold(clientId: string, { key, digest }: Idempotency, turn: ConcernedTurn): IdempotencyLock {
    const held: Held = { key, digest, turn };
    const free = () => {
      if (this.#held.get(clientId, key) === held) this.#held.delete(clientId, key);
    };
    this.#held.set(clientId, key, held);
    return {
      fits: (answer) => this.#kept.fits({ digest, turn, answer }),
      keep: (answer) => this.#kept.set(clientId, key, { digest, turn, answer }, REPLAY_TTL_SECONDS * 1000),
      free,
    };
  }

  /** The keys of this client's turns that are concerned, of those under way too. */
  forget(clientId: string, concerns: (turn: ConcernedTurn) => boolean): void {
    for (const { key, turn } of this.#held.valuesOf(clientId)) {
      if (concerns(turn)) this.#held.delete(clientId, key);
    }
    this.#kept.deleteWhere(clientId, ({ turn }) => concerns(turn));
  }

  purgeExpired(): void {
    this.#kept.purgeExpired();
  }

  clear(): void {
    this.#kept.clear();
  }
}
