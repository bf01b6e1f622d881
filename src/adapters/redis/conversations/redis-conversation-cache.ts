import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import { onAbort } from '#src/application/async/on-abort.js';
import { Pause } from '#src/application/async/pause.js';
import type {
  ConcurrencyLimited,
  ConversationCache,
  OpenTurn,
  OpenTurnRequest,
  ReplayedTurn,
} from '#src/application/ports/chat/conversation-cache.js';
import type { Conversation, HistoryBounds } from '#src/domain/conversations/conversation.js';
import { AppError } from '#src/domain/errors.js';
import type { RedisConnection } from '../connection/redis-connection.js';
import {
  ConversationStore,
  type DeletedPart,
  type Deletion,
  type OpenReply,
  type TurnTicket,
} from './conversation-store.js';
import { endOfTurn } from './end-of-turn.js';
import { LeasedTurn } from './leased-turn.js';
import { ReleaseRetries } from './release-retries.js';

export interface RedisConversationCacheOptions {
  readonly connection: RedisConnection;
  readonly bounds: HistoryBounds;
  /** For each conversation, besides the open turn. Default 8. */
  readonly maxWaiting?: number;
  /** Default 30,000. */
  readonly maxWaitMs?: number;
  /** Answers that are kept for repeated requests, for each client. Default 10,000. */
  readonly maxReplays?: number;
}

/** The first in the queue asks often, the longer it waits there the less; the others mostly say that they are still there. */
const FIRST_PAUSE_MS = 25;
const MAX_PAUSE_MS = 100;
const PAUSE_OF_SECOND_MS = 60;
const PAUSE_BEHIND_MS = 150;

/**
 * Conversations that several processes share. Each turn has its right from Redis, as a lease that its process renews and
 * that a commit must still hold; a process that dies blocks its conversation for five seconds.
 */
export class RedisConversationCache implements ConversationCache {
  readonly #connection: RedisConnection;
  readonly #store: ConversationStore;
  readonly #releases: ReleaseRetries;
  readonly #bounds: HistoryBounds;
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  readonly #maxReplays: number;
  /** Turns and pauses of this process by token: what is known here need not be asked for. */
  readonly #held = new Map<string, LeasedTurn>();
  readonly #waiting = new Map<string, Pause>();

  constructor(options: RedisConversationCacheOptions) {
    this.#connection = options.connection;
    this.#store = new ConversationStore(options.connection);
    this.#releases = new ReleaseRetries(this.#store);
    this.#bounds = options.bounds;
    this.#maxWaiting = options.maxWaiting ?? 8;
    this.#maxWaitMs = options.maxWaitMs ?? 30_000;
    this.#maxReplays = options.maxReplays ?? 10_000;
  }

  find(clientId: string, conversationId: string): Promise<Conversation | null> {
    return this.#store.find(clientId, conversationId);
  }

  async openTurn(
    clientId: string,
    request: OpenTurnRequest,
  ): Promise<OpenTurn | ReplayedTurn | ConcurrencyLimited> {
    const { signal } = request;
    signal.throwIfAborted();
    const ticket: TurnTicket = { clientId, request, token: randomUUID() };
    const pause = new Pause();
    const stopListening = onAbort(signal, () => pause.wake());
    this.#waiting.set(ticket.token, pause);
    try {
      return await this.#admit(ticket, pause);
    } finally {
      this.#waiting.delete(ticket.token);
      stopListening();
    }
  }

  async delete(clientId: string, conversationId: string): Promise<boolean> {
    return this.#delete(clientId, {
      what: 'conversation',
      id: conversationId,
      reason: 'conversation_not_found',
    });
  }

  async deleteByCharacter(clientId: string, characterId: string): Promise<void> {
    await this.#delete(clientId, { what: 'character', id: characterId, reason: 'character_not_found' });
  }

  async deleteByClient(clientId: string): Promise<void> {
    await this.#delete(clientId, { what: 'client', reason: 'unauthenticated' });
  }

  check(): Promise<void> {
    return this.#store.check();
  }

  /** Gives back what turns still hold, within the time of one operation. The connection is its owner's to close, afterwards. */
  async close(): Promise<void> {
    for (const turn of this.#held.values()) turn.abandon();
    await this.#releases.stop();
  }

  async #admit(ticket: TurnTicket, pause: Pause): Promise<OpenTurn | ReplayedTurn | ConcurrencyLimited> {
    const { signal } = ticket.request;
    const deadline = performance.now() + this.#maxWaitMs;
    let asFirst = 0;
    for (;;) {
      const askedAt = performance.now();
      const reply = await this.#ask(ticket);
      if (reply.kind === 'replay' || reply.kind === 'concurrency_limited') return reply;
      if (reply.kind !== 'open' && reply.kind !== 'wait') throw toTurnError(reply);
      const left = deadline - performance.now();
      if (signal.aborted || (reply.kind === 'wait' && left <= 0)) break;
      if (reply.kind === 'open') return this.#hold(ticket, reply, askedAt);
      if (reply.place === 1) asFirst += 1;
      await pause.last(Math.min(pauseAt(reply.place, asFirst), left));
      if (signal.aborted) break;
    }
    await this.#giveBack(ticket);
    signal.throwIfAborted();
    throw busy();
  }

  /** A command without a reply may have been executed. */
  async #ask(ticket: TurnTicket): Promise<OpenReply> {
    const { isAvailable, client } = this.#connection;
    try {
      return await this.#store.open(ticket, this.#maxWaiting);
    } catch (error) {
      // The client of a cluster keeps what it cannot send yet, and sends it later.
      if (isAvailable || client instanceof Cluster) void this.#giveBack(ticket);
      throw error;
    }
  }

  #hold(ticket: TurnTicket, opened: Extract<OpenReply, { kind: 'open' }>, askedAt: number): LeasedTurn {
    const turn = new LeasedTurn({
      store: this.#store,
      ticket,
      opened,
      askedAt,
      bounds: this.#bounds,
      maxReplays: this.#maxReplays,
      giveBack: () => this.#giveBack(ticket),
      onEnd: (next) => {
        this.#held.delete(ticket.token);
        this.#wake(next);
      },
    });
    this.#held.set(ticket.token, turn);
    return turn;
  }

  async #giveBack(ticket: TurnTicket): Promise<void> {
    this.#wake(await this.#releases.release(ticket));
  }

  #wake(token: string | null): void {
    if (token !== null) this.#waiting.get(token)?.wake();
  }

  async #delete(clientId: string, deletion: Deletion): Promise<boolean> {
    let found = false;
    for (let from: string | null = ''; from !== null; ) {
      const part: DeletedPart = await this.#store.delete(clientId, deletion, from);
      found ||= part.found;
      from = part.next;
      for (const token of part.tokens) {
        this.#held.get(token)?.lose(deletion.reason);
        this.#wake(token);
      }
    }
    return found;
  }
}

function pauseAt(place: number, asFirst: number): number {
  if (place === 1) return Math.min(FIRST_PAUSE_MS * 2 ** (asFirst - 1), MAX_PAUSE_MS);
  return place === 2 ? PAUSE_OF_SECOND_MS : PAUSE_BEHIND_MS;
}

function busy(): AppError {
  return new AppError('conversation_busy', { retryAfterSeconds: 1 });
}

function toTurnError(
  reply: Exclude<OpenReply, { kind: 'open' | 'wait' | 'replay' | 'concurrency_limited' }>,
): AppError {
  switch (reply.kind) {
    case 'ended':
      return endOfTurn(reply.reason);
    case 'mismatch':
      return new AppError('idempotency_mismatch');
    case 'in_progress':
      return new AppError('request_in_progress', { retryAfterSeconds: 1 });
    case 'busy':
      return busy();
  }
}
