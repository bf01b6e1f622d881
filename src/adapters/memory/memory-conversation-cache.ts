import { type Clock, isoTime } from '#src/application/ports/clock.js';
import type {
  ConversationCache,
  OpenTurn,
  OpenTurnRequest,
} from '#src/application/ports/conversation-cache.js';
import { AppError } from '#src/domain/app-error.js';
import { type Conversation, type HistoryBounds, keepNewest, toExchange } from '#src/domain/conversation.js';
import type { CompletedTurn } from '#src/domain/turn.js';
import { BoundedConversations } from './bounded-conversations.js';
import { TurnLanes } from './turn-lanes.js';

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
}

const PURGE_INTERVAL_MS = 60_000;

function copyOf(conversation: Conversation): Conversation {
  return { ...conversation, exchanges: conversation.exchanges.map((exchange) => ({ ...exchange })) };
}

/**
 * Conversations of this process alone. The only thing that it cannot store, and refuses with `cache_unavailable`, is a
 * conversation that alone is larger than `maxBytes`.
 */
export class MemoryConversationCache implements ConversationCache {
  readonly #clock: Clock;
  readonly #bounds: HistoryBounds;
  readonly #conversations: BoundedConversations;
  readonly #lanes: TurnLanes;
  readonly #purge: NodeJS.Timeout;

  constructor(options: MemoryConversationCacheOptions) {
    this.#clock = options.clock;
    this.#bounds = options.bounds;
    this.#conversations = new BoundedConversations({
      clock: options.clock,
      maxConversations: options.maxConversations ?? 100_000,
      maxBytes: options.maxBytes ?? 256 * 1024 * 1024,
    });
    this.#lanes = new TurnLanes({
      maxWaiting: options.maxWaiting ?? 8,
      maxWaitMs: options.maxWaitMs ?? 30_000,
    });
    this.#purge = setInterval(() => this.#conversations.purgeExpired(), PURGE_INTERVAL_MS).unref();
  }

  /** How many conversations are in memory, expired ones that have not been purged yet included. */
  get size(): number {
    return this.#conversations.size;
  }

  async find(clientId: string, conversationId: string): Promise<Conversation | null> {
    const conversation = this.#conversations.get(clientId, conversationId);
    return conversation && copyOf(conversation);
  }

  async openTurn(clientId: string, request: OpenTurnRequest): Promise<OpenTurn> {
    const right = await this.#lanes.enter(clientId, request);
    const opened = this.#conversations.get(clientId, request.conversationId);
    if (opened !== null) right.characterIds.add(opened.characterId);
    return {
      conversation: opened && copyOf(opened),
      lost: right.lost,
      commit: async (turn, ttlSeconds) => {
        right.assertHeld();
        try {
          return copyOf(this.#append(clientId, request, opened, turn, ttlSeconds));
        } finally {
          right.giveBack();
        }
      },
      release: async () => right.giveBack(),
    };
  }

  async delete(clientId: string, conversationId: string): Promise<boolean> {
    const existed = this.#conversations.delete(clientId, conversationId);
    const wasOpen = this.#lanes.revoke(
      clientId,
      (turn) => turn.conversationId === conversationId,
      new AppError('conversation_not_found'),
    );
    return existed || wasOpen;
  }

  async deleteByCharacter(clientId: string, characterId: string): Promise<void> {
    this.#conversations.deleteWhere(clientId, (conversation) => conversation.characterId === characterId);
    this.#lanes.revoke(
      clientId,
      (turn) => turn.characterIds.has(characterId),
      new AppError('character_not_found'),
    );
  }

  async deleteByClient(clientId: string): Promise<void> {
    this.#conversations.deleteWhere(clientId, () => true);
    this.#lanes.revoke(clientId, () => true, new AppError('unauthenticated'));
  }

  async check(): Promise<void> {}

  /** Forgets everything. */
  close(): void {
    clearInterval(this.#purge);
    this.#conversations.clear();
  }

  /** @param opened continues even when it expired or was evicted since: the model was shown it. */
  #append(
    clientId: string,
    request: OpenTurnRequest,
    opened: Conversation | null,
    turn: CompletedTurn,
    ttlSeconds: number,
  ): Conversation {
    const earlier = opened?.exchanges ?? [];
    if (opened !== null && earlier.some(({ turnId }) => turnId === turn.id)) return opened;
    const conversation: Conversation = {
      id: request.conversationId,
      characterId: opened?.characterId ?? request.characterId,
      turns: (opened?.turns ?? 0) + 1,
      exchanges: keepNewest([...earlier, toExchange(turn)], this.#bounds),
      expiresAt: isoTime(this.#clock.now() + ttlSeconds * 1000),
    };
    if (!this.#conversations.set(clientId, conversation, ttlSeconds * 1000)) {
      throw new AppError('cache_unavailable', { detail: 'This conversation is too large to be kept.' });
    }
    return conversation;
  }
}
