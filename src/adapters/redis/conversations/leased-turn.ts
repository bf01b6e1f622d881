import type { OpenTurn } from '#src/application/ports/chat/conversation-cache.js';
import { appendTurn } from '#src/domain/conversations/append-turn.js';
import type { Conversation, Greeting, HistoryBounds } from '#src/domain/conversations/conversation.js';
import type { CompletedTurn } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { LEASE_MS } from './conversation-scripts.js';
import type { ConversationStore, OpenReply, TurnTicket } from './conversation-store.js';
import { endOfTurn } from './end-of-turn.js';

export interface LeasedTurnOptions {
  readonly store: ConversationStore;
  readonly ticket: TurnTicket;
  readonly opened: Extract<OpenReply, { kind: 'open' }>;
  /** When the right was asked for, by `performance.now()`: it is held from then on at the earliest. */
  readonly askedAt: number;
  readonly bounds: HistoryBounds;
  readonly maxReplays: number;
  /** Gives back what the turn holds; never rejects. */
  readonly giveBack: () => Promise<void>;
  /** The turn is over; who waits next, if that is known. */
  readonly onEnd: (next: string | null) => void;
}

/** A deletion elsewhere is noticed within this time and one answer. */
const RENEW_INTERVAL_MS = 750;

/** A turn of this process: its right is renewed until it ends. */
export class LeasedTurn implements OpenTurn {
  readonly kind = 'open';
  readonly conversation: Conversation | null;
  readonly #options: LeasedTurnOptions;
  readonly #lost = new AbortController();
  /** What the clock of Redis is ahead of `performance.now()`. */
  readonly #clockOffsetMs: number;
  #heldUntil: number;
  #renewal: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(options: LeasedTurnOptions) {
    const { opened, askedAt } = options;
    this.#options = options;
    this.conversation = opened.conversation;
    this.#clockOffsetMs = opened.now - performance.now();
    this.#heldUntil = askedAt + LEASE_MS;
    this.#renewLater();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async commit(
    turn: CompletedTurn,
    ttlSeconds: number,
    toAnswer: (after: Conversation) => string,
    greeting: Greeting | null = null,
  ): Promise<Conversation> {
    this.lost.throwIfAborted();
    if (this.#ended) throw new Error('This turn has ended already.');
    this.#end();
    const { store, ticket, opened, maxReplays, giveBack, onEnd } = this.#options;
    let next: string | null = null;
    try {
      const after = this.#append(turn, ttlSeconds, greeting);
      const reply = await store.commit(ticket, {
        turnId: turn.id,
        before: opened.conversation,
        after,
        fence: opened.fence,
        answer: ticket.request.idempotency === null ? '' : toAnswer(after),
        maxReplays,
      });
      if (reply.kind === 'lost') throw endOfTurn(reply.reason);
      next = reply.next;
      return after;
    } catch (error) {
      // A Redis that has just failed is not waited for once more.
      const givenBack = giveBack();
      if (!(error instanceof AppError)) await givenBack;
      this.lost.throwIfAborted();
      throw error;
    } finally {
      onEnd(next);
    }
  }

  async release(): Promise<void> {
    if (this.#ended) return;
    this.#end();
    await this.#options.giveBack();
    this.#options.onEnd(null);
  }

  /** The store has taken the right away. @param reason as the store has it. */
  lose(reason: string): void {
    this.#lost.abort(endOfTurn(reason));
    if (this.#ended) return;
    this.#end();
    this.#options.onEnd(null);
  }

  /** The process stops before its turn does: others need not wait for the end of the lease. */
  abandon(): void {
    if (this.#ended) return;
    void this.#options.giveBack();
    this.lose('');
  }

  #end(): void {
    this.#ended = true;
    if (this.#renewal !== null) clearTimeout(this.#renewal);
  }

  #append(turn: CompletedTurn, ttlSeconds: number, greeting: Greeting | null): Conversation {
    const { ticket, opened, bounds } = this.#options;
    const { conversationId: id, characterId } = ticket.request;
    const now = Math.round(performance.now() + this.#clockOffsetMs);
    const beginning = { id, characterId, greeting };
    return appendTurn({ before: opened.conversation, beginning, turn, bounds, now, ttlSeconds });
  }

  #renewLater(): void {
    const pause = Math.min(RENEW_INTERVAL_MS, this.#heldUntil - performance.now());
    this.#renewal = setTimeout(() => this.#renew(), pause).unref();
  }

  /** While Redis is away the turn goes on for as long as nobody else can have the right. */
  async #renew(): Promise<void> {
    const askedAt = performance.now();
    let reason: string | null = null;
    try {
      reason = await this.#options.store.renew(this.#options.ticket);
      this.#heldUntil = askedAt + LEASE_MS;
    } catch {
      if (performance.now() >= this.#heldUntil) reason = '';
    }
    if (this.#ended) return;
    if (reason === null) this.#renewLater();
    else this.lose(reason);
  }
}
