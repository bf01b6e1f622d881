import type { ConversationStore, TurnTicket } from './conversation-store.js';
import { LEASE_MS } from './scripts/schema.js';

const PAUSE_MS = 500;

/** Gives back what turns hold. What Redis does not hear of is told again, until it would have forgotten by itself. */
export class ReleaseRetries {
  readonly #store: ConversationStore;
  readonly #pending = new Set<NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<string | null>>();
  #stopped = false;

  constructor(store: ConversationStore) {
    this.#store = store;
  }

  /** Settles after the first attempt, and never rejects. @returns the token that waits next, or null. */
  async release(ticket: TurnTicket): Promise<string | null> {
    const first = this.#attempt(ticket, performance.now() + LEASE_MS);
    this.#underWay.add(first);
    try {
      return await first;
    } finally {
      this.#underWay.delete(first);
    }
  }

  /** Nothing is told again from now on. Settles when what is being told has been heard, or was in vain. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
    await Promise.all(this.#underWay);
  }

  async #attempt(ticket: TurnTicket, until: number): Promise<string | null> {
    try {
      return await this.#store.release(ticket);
    } catch {
      if (!this.#stopped && performance.now() < until) this.#later(ticket, until);
      return null;
    }
  }

  #later(ticket: TurnTicket, until: number): void {
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      void this.#attempt(ticket, until);
    }, PAUSE_MS).unref();
    this.#pending.add(timer);
  }
}
