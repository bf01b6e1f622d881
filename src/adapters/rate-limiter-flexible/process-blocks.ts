import { LRUCache } from 'lru-cache';
import type { RateLimit } from '#src/application/ports/limits/rate-limiter.js';
import type { Clock } from '#src/application/ports/system/clock.js';

export interface Block {
  /** What is in force. */
  readonly limit: number;
  /** Until everything counts anew. */
  readonly resetMs: number;
}

interface Begun {
  /** As it was asked for. */
  readonly asked: number;
  readonly limit: number;
  /** Both on the monotonic clock. */
  readonly resetsAtMs: number;
  readonly endsAtMs: number;
}

const MAX_BLOCKS = 10_000;

/** The callers that this process alone refuses for a while, so that a flood costs no question to the store. */
export class ProcessBlocks {
  readonly #clock: Clock;
  readonly #blocks = new LRUCache<string, Begun>({ max: MAX_BLOCKS });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param forMs absent: until everything counts anew. */
  begin(asked: RateLimit, key: string, { limit, resetMs }: Block, forMs = resetMs): void {
    const nowMs = this.#clock.monotonicMs();
    this.#blocks.set(nameOf(asked, key), {
      asked: asked.limit,
      limit,
      resetsAtMs: nowMs + resetMs,
      endsAtMs: nowMs + Math.min(forMs, resetMs),
    });
  }

  find(asked: RateLimit, key: string): Block | null {
    const name = nameOf(asked, key);
    const begun = this.#blocks.get(name);
    if (begun === undefined) return null;
    const nowMs = this.#clock.monotonicMs();
    // A limit that the operator has changed since is another one.
    if (begun.endsAtMs > nowMs && begun.asked === asked.limit) {
      return { limit: begun.limit, resetMs: begun.resetsAtMs - nowMs };
    }
    this.#blocks.delete(name);
    return null;
  }
}

function nameOf({ scope }: RateLimit, key: string): string {
  return `${scope}:${key}`;
}
