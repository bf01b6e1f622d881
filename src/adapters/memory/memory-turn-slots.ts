import type { TurnSlot, TurnSlots } from '#src/application/ports/turn-slots.js';

const RETRY_AFTER_MS = 1000;

/** Slots of this process. With several processes each gives out its share. */
export class MemoryTurnSlots implements TurnSlots {
  readonly #held = new Map<string, number>();

  constructor(private readonly instances = 1) {}

  /** Clients that have a turn running. */
  get size(): number {
    return this.#held.size;
  }

  async acquire(clientId: string, wanted: number): Promise<TurnSlot> {
    const limit = Math.max(1, Math.floor(wanted / this.instances));
    const held = this.#held.get(clientId) ?? 0;
    const allowed = held < limit;
    let isHeld = allowed;
    if (allowed) this.#held.set(clientId, held + 1);
    return {
      decision: {
        scope: 'turns',
        allowed,
        limit,
        remaining: allowed ? limit - held - 1 : 0,
        retryAfterMs: allowed ? 0 : RETRY_AFTER_MS,
      },
      release: () => {
        if (isHeld) this.#release(clientId);
        isHeld = false;
      },
    };
  }

  #release(clientId: string): void {
    const held = this.#held.get(clientId) ?? 0;
    if (held > 1) this.#held.set(clientId, held - 1);
    else this.#held.delete(clientId);
  }
}
