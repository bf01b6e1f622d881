import { LEASE_MS } from './conversation-scripts.js';
import type { ConversationStore, TurnTicket } from './conversation-store.js';

const PAUSE_MS = 500;

/** Gives back what turns hold. What Redis does not confirm is sent again, until it would have expired by itself. */
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

  /** Sends nothing again from now on. Settles when what is under way has been confirmed, or has failed. */
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
