import type { ConversationStore, TurnTicket } from './conversation-store.js';
import { LEASE_MS } from './scripts/schema.js';

const PAUSE_MS = 500;

/** Gives back what turns hold. What Redis does not hear of is told again, until it would have forgotten by itself. */
export class ReleaseRetries {
  readonly #store: ConversationStore;
  readonly #pending = new Set<NodeJS.Timeout>();

  constructor(store: ConversationStore) {
    this.#store = store;
  }

  /** Settles after the first attempt, and never rejects. @returns the token that waits next, or null. */
  async release(ticket: TurnTicket): Promise<string | null> {
    return this.#attempt(ticket, performance.now() + LEASE_MS);
  }

  stop(): void {
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }

  async #attempt(ticket: TurnTicket, until: number): Promise<string | null> {
    try {
      return await this.#store.release(ticket);
    } catch {
      if (performance.now() < until) this.#later(ticket, until);
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
