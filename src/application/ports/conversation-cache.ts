import type { Conversation } from '#src/domain/conversation.js';
import type { CompletedTurn } from '#src/domain/turn.js';

/** `queue` waits its turn in order of arrival; `reject` fails at once. */
export type OnBusy = 'queue' | 'reject';

export interface OpenTurnRequest {
  readonly conversationId: string;
  /** Whose conversation it becomes if it is new. An existing one may be another's: see `conversation.characterId`. */
  readonly characterId: string;
  readonly onBusy: OnBusy;
  /** Aborted when the caller has gone: a waiting request leaves the queue. */
  readonly signal: AbortSignal;
}

/**
 * The exclusive right to add one turn to a conversation. Its holder calls `commit` or `release`, and always one of them.
 */
export interface OpenTurn {
  /** As it stood when this turn began, or null: it is new. */
  readonly conversation: Conversation | null;
  /** Aborts, with an AppError as its reason, when the right is lost: the conversation, its character or its client was deleted. */
  readonly lost: AbortSignal;
  /**
   * Adds both messages, renews the expiry and gives the right back, in one step: all of it, or nothing with an error.
   * @param ttlSeconds counted from now.
   * @returns the conversation afterwards.
   * @throws the reason of `lost`; AppError `cache_unavailable`.
   */
  commit(turn: CompletedTurn, ttlSeconds: number): Promise<Conversation>;
  /** Gives the right back and keeps nothing. Does nothing after `commit`. */
  release(): Promise<void>;
}

/**
 * Conversations, which expire by themselves. Writers are concurrent: a turn is opened before it is thought about, and
 * at most one is open for a conversation at a time. Every method rejects with AppError `cache_unavailable` when the
 * store cannot answer. What is returned is the caller's own.
 */
export interface ConversationCache {
  find(clientId: string, conversationId: string): Promise<Conversation | null>;
  /**
   * @throws AppError `conversation_busy` when another turn is open and `onBusy` is `reject`, too many wait already, or
   * the wait took too long. Rejects with the signal's reason when the caller went.
   */
  openTurn(clientId: string, request: OpenTurnRequest): Promise<OpenTurn>;
  /**
   * The conversation, and the turns that are open on it or wait for it. A deletion of any kind refuses those that wait
   * with the reason that `lost` would have.
   * @returns false when there was neither a conversation nor an open turn.
   */
  delete(clientId: string, conversationId: string): Promise<boolean>;
  deleteByCharacter(clientId: string, characterId: string): Promise<void>;
  deleteByClient(clientId: string): Promise<void>;
  /** Resolves when the store answers. */
  check(): Promise<void>;
}
