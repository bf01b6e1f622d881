import { shareOfLimit } from '#src/application/limits/share-of-limit.js';
import type {
  ConcurrencyLimited,
  ConversationCache,
  OpenTurn,
  OpenTurnRequest,
  ReplayedTurn,
} from '#src/application/ports/chat/conversation-cache.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import { appendTurn } from '#src/domain/conversations/append-turn.js';
import type { Conversation, HistoryBounds } from '#src/domain/conversations/conversation.js';
import { AppError, type ErrorCode } from '#src/domain/errors.js';
import { BoundedConversations } from './bounded-conversations.js';
import { type IdempotencyLock, IdempotencyStore } from './idempotency-store.js';
import { type ConcernedTurn, type TurnLease, TurnQueue } from './turn-queue.js';

export interface MemoryConversationCacheOptions {
  readonly clock: Clock;
  readonly bounds: HistoryBounds;
  /** Default 100,000. */
  readonly maxConversations?: number;
  /** Texts as UTF-16 and an allowance for what surrounds them. Default 256 MiB. */
  readonly maxBytes?: number;
  /** For each conversation, besides the open turn. Default 8. */
  readonly maxWaiting?: number;
  /** Default 30,000. */
  readonly maxWaitMs?: number;
  /** How many processes share a client's limit of turns at the same time, which each counts by itself. Default 1. */
  readonly instances?: number;
  /** Answers that are kept for repeated requests, of all clients together. Default 100,000. */
  readonly maxReplays?: number;
  /** Of each client, as on Redis. Default 10,000. */
  readonly maxReplaysOfClient?: number;
  /** Of those answers, counted as `maxBytes` is. Default 64 MiB. */
  readonly maxReplayBytes?: number;
}

const PURGE_INTERVAL_MS = 60_000;
const MEBIBYTE = 1024 * 1024;

/**
 * Conversations of this process alone, frozen, so that they can be handed out as they are. The only things that it cannot
 * store, and refuses with `cache_unavailable`, are a conversation that alone is larger than `maxBytes` and an answer that
 * alone is larger than `maxReplayBytes`: a turn that could be run twice under one idempotency key is not run at all.
 */
export class MemoryConversationCache implements ConversationCache {
  readonly #clock: Clock;
  readonly #bounds: HistoryBounds;
  readonly #conversations: BoundedConversations;
  readonly #replays: IdempotencyStore;
  readonly #lanes: TurnQueue;
  readonly #instances: number;
  readonly #purge: NodeJS.Timeout;

  constructor(options: MemoryConversationCacheOptions) {
    this.#clock = options.clock;
    this.#bounds = options.bounds;
    this.#conversations = new BoundedConversations({
      clock: options.clock,
      maxConversations: options.maxConversations ?? 100_000,
      maxBytes: options.maxBytes ?? 256 * MEBIBYTE,
    });
    this.#replays = new IdempotencyStore({
      clock: options.clock,
      maxReplays: options.maxReplays ?? 100_000,
      maxReplaysOfClient: options.maxReplaysOfClient ?? 10_000,
      maxBytes: options.maxReplayBytes ?? 64 * MEBIBYTE,
    });
    this.#lanes = new TurnQueue({
      maxWaiting: options.maxWaiting ?? 8,
      maxWaitMs: options.maxWaitMs ?? 30_000,
    });
    this.#instances = options.instances ?? 1;
    this.#purge = setInterval(() => {
      this.#conversations.purgeExpired();
      this.#replays.purgeExpired();
    }, PURGE_INTERVAL_MS).unref();
  }

  /** How many conversations are in memory, expired ones that have not been purged yet included. */
  get size(): number {
    return this.#conversations.size;
  }

  /** How many answers are in memory, expired ones that have not been purged yet included. */
  get replays(): number {
    return this.#replays.size;
  }

  async find(clientId: string, conversationId: string): Promise<Conversation | null> {
    return this.#conversations.get(clientId, conversationId);
  }

  async openTurn(
    clientId: string,
    request: OpenTurnRequest,
  ): Promise<OpenTurn | ReplayedTurn | ConcurrencyLimited> {
    const { conversationId, characterId, idempotency, maxConcurrentTurns, signal } = request;
    signal.throwIfAborted();
    const answer = idempotency && this.#replays.find(clientId, idempotency);
    if (answer !== null) return { kind: 'replay', answer };
    const limit = maxConcurrentTurns && shareOfLimit(maxConcurrentTurns, this.#instances);
    if (limit !== null && this.#lanes.turnsOf(clientId) >= limit)
      return { kind: 'concurrency_limited', limit };
    const concerned: ConcernedTurn = { conversationId, characterIds: new Set([characterId]) };
    const key = idempotency && this.#replays.hold(clientId, idempotency, concerned);
    try {
      const right = await this.#lanes.enter(clientId, concerned, request);
      return this.#opened(clientId, request, right, key);
    } catch (error) {
      key?.free();
      throw error;
    }
  }

  async delete(clientId: string, conversationId: string): Promise<boolean> {
    const existed = this.#conversations.delete(clientId, conversationId);
    const wasOpen = this.#end(
      clientId,
      (turn) => turn.conversationId === conversationId,
      'conversation_not_found',
    );
    return existed || wasOpen;
  }

  async deleteByCharacter(clientId: string, characterId: string): Promise<void> {
    this.#conversations.deleteWhere(clientId, (conversation) => conversation.characterId === characterId);
    this.#end(clientId, (turn) => turn.characterIds.has(characterId), 'character_not_found');
  }

  async deleteByClient(clientId: string): Promise<void> {
    this.#conversations.deleteWhere(clientId, () => true);
    this.#end(clientId, () => true, 'unauthenticated');
  }

  async check(): Promise<void> {}

  /** Forgets everything. */
  close(): void {
    clearInterval(this.#purge);
    this.#conversations.clear();
    this.#replays.clear();
  }

  #opened(
    clientId: string,
    request: OpenTurnRequest,
    right: TurnLease,
    key: IdempotencyLock | null,
  ): OpenTurn {
    const before = this.#conversations.get(clientId, request.conversationId);
    if (before !== null) right.turn.characterIds.add(before.characterId);
    const end = () => {
      right.giveBack();
      key?.free();
    };
    return {
      kind: 'open',
      conversation: before,
      lost: right.lost,
      commit: async (turn, ttlSeconds, toAnswer, greeting = null) => {
        right.assertHeld();
        try {
          const beginning = { id: request.conversationId, characterId: request.characterId, greeting };
          const now = this.#clock.now();
          const after = appendTurn({ before, beginning, turn, bounds: this.#bounds, now, ttlSeconds });
          const answer = key === null ? '' : toAnswer(after);
          if (key?.fits(answer) === false) throw tooLarge('answer');
          if (after !== before && !this.#conversations.set(clientId, after, ttlSeconds * 1000)) {
            throw tooLarge('conversation');
          }
          key?.keep(answer);
          return after;
        } finally {
          end();
        }
      },
      release: async () => end(),
    };
  }

  /** @returns whether one of the turns was open. */
  #end(clientId: string, concerns: (turn: ConcernedTurn) => boolean, code: ErrorCode): boolean {
    this.#replays.forget(clientId, concerns);
    return this.#lanes.revoke(clientId, concerns, new AppError(code));
  }
}

function tooLarge(what: 'conversation' | 'answer'): AppError {
  return new AppError('cache_unavailable', {
    detail: `This ${what} is too large to be kept.`,
    retryAfterSeconds: null,
  });
}
