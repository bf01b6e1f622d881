import { LRUCache } from 'lru-cache';
import type { Clock } from '#src/application/ports/clock.js';
import type { RateLimit } from '#src/application/ports/rate-limiter.js';

interface Block {
  readonly limit: number;
  /** On the monotonic clock. */
  readonly endsMs: number;
}

const MAX_BLOCKS = 10_000;

/** Who is refused by this process alone for a while, so that hammering on costs the shared counters nothing. */
export class ProcessBlocks {
  readonly #blocks = new LRUCache<string, Block>({ max: MAX_BLOCKS });

  constructor(private readonly clock: Clock) {}

  begin({ scope, limit }: RateLimit, key: string, forMs: number): void {
    this.#blocks.set(`${scope}:${key}`, { limit, endsMs: this.clock.monotonicMs() + forMs });
  }

  /** 0: there is none. */
  leftMs({ scope, limit }: RateLimit, key: string): number {
    const name = `${scope}:${key}`;
    const block = this.#blocks.get(name);
    if (block === undefined) return 0;
    const leftMs = block.endsMs - this.clock.monotonicMs();
    // A limit that the operator has changed since is another one.
    if (leftMs > 0 && block.limit === limit) return leftMs;
    this.#blocks.delete(name);
    return 0;
  }
}
