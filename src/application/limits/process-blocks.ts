import type { Clock } from '../ports/system/clock.js';
import type { RateLimit } from './rate-limit.js';

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
  /** The one that was asked for longest ago stands first. */
  readonly #blocks = new Map<string, Begun>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param forMs absent: until everything counts anew. */
  begin(asked: RateLimit, key: string, { limit, resetMs }: Block, forMs = resetMs): void {
    const nowMs = this.#clock.monotonicMs();
    this.#keep(nameOf(asked, key), {
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
      this.#keep(name, begun);
      return { limit: begun.limit, resetMs: begun.resetsAtMs - nowMs };
    }
    this.#blocks.delete(name);
    return null;
  }

  #keep(name: string, begun: Begun): void {
    this.#blocks.delete(name);
    this.#blocks.set(name, begun);
    if (this.#blocks.size <= MAX_BLOCKS) return;
    for (const oldest of this.#blocks.keys()) {
      this.#blocks.delete(oldest);
      break;
    }
  }
}

function nameOf({ scope }: RateLimit, key: string): string {
  return `${scope}:${key}`;
}
