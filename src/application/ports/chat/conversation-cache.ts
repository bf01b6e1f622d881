import type { Conversation, Greeting } from '#src/domain/conversations/conversation.js';
import type { CompletedTurn } from '#src/domain/conversations/turn.js';

/** `queue` waits its turn in order of arrival; `reject` fails at once. */
export type OnBusy = 'queue' | 'reject';

export interface OpenTurnRequest {
  readonly conversationId: string;
  /** Whose conversation it becomes if it is new. An existing one may be another's: see `conversation.characterId`. */
  readonly characterId: string;
  readonly onBusy: OnBusy;
  /** Null: the request can be repeated at its caller's own risk. */
  readonly idempotency: Idempotency | null;
  /** How many turns of the client may be open or wait, over all processes and this one included; null: any number. */
  readonly maxConcurrentTurns: number | null;
  /** Aborted when the caller has gone: a waiting request leaves the queue. */
  readonly signal: AbortSignal;
}

/** A request that may be sent again (IETF draft-ietf-httpapi-idempotency-key-header). Keys are the client's, whatever the conversation. */
export interface Idempotency {
  /** 1 to 255 visible ASCII characters. */
  readonly key: string;
  /** The same for the same request alone. */
  readonly digest: string;
}

/** How long an answer can be had again by its idempotency key, counted from its commit. */
export const REPLAY_TTL_SECONDS = 86_400;

/** The turn has been completed before: here is what was kept of its answer. */
export interface ReplayedTurn {
  readonly kind: 'replay';
  readonly answer: string;
}

/** As many turns of the client are open or wait as may be. It is an outcome, not an error, and holds nothing. */
export interface ConcurrencyLimited {
  readonly kind: 'concurrency_limited';
  /** What is in force: this process's share where the processes do not count together. */
  readonly limit: number;
}

/**
 * The exclusive right to add one turn to a conversation. Its holder calls `commit` or `release`, and always one of them.
 */
export interface OpenTurn {
  readonly kind: 'open';
  /** As it stood when this turn began, or null: it is new. */
  readonly conversation: Conversation | null;
  /**
   * Aborts, with an AppError as its reason, when the right is lost: the conversation, its character or its client was
   * deleted, or the store has given the right to somebody else.
   */
  readonly lost: AbortSignal;
  /**
   * Adds both messages, renews the expiry and gives the right back, in one step: all of it, or nothing with an error.
   * A turn that is in the conversation already is not added again.
   * @param ttlSeconds counted from now.
   * @param toAnswer makes what a repeated request is given, byte for byte; asked for when the request has an idempotency key.
   * @param greeting what a new conversation begins with, kept in the same step; that of an existing one stays as it is.
   * @returns the conversation afterwards.
   * @throws the reason of `lost`; AppError `cache_unavailable`, also when it is not known whether the turn was kept. Then
   * the idempotency key decides: a repeated request gets the answer, or is run, and never both.
   */
  commit(
    turn: CompletedTurn,
    ttlSeconds: number,
    toAnswer: (after: Conversation) => string,
    greeting?: Greeting | null,
  ): Promise<Conversation>;
  /** Gives the right and the idempotency key back and keeps nothing. Does nothing after `commit`. Never rejects. */
  release(): Promise<void>;
}

/**
 * Conversations, which expire by themselves. Writers are concurrent: a turn is opened before it is thought about, and
 * at most one is open for a conversation at a time. Every method rejects with AppError `cache_unavailable` when the
 * store cannot answer. Changing what is returned fails or changes nothing stored.
 */
export interface ConversationCache {
  find(clientId: string, conversationId: string): Promise<Conversation | null>;
  /**
   * The idempotency key is looked at before anything else, then whether the client may have one more turn. The key is
   * held from then on, also while the request waits. What a process held that died counts for some seconds.
   * @throws AppError `conversation_busy` when another turn is open and `onBusy` is `reject`, too many wait already, or
   * the wait took too long; `request_in_progress` while another request holds the idempotency key;
   * `idempotency_mismatch` when the key was used, or is held, with another digest. Rejects with the signal's reason when the caller went.
   */
  openTurn(clientId: string, request: OpenTurnRequest): Promise<OpenTurn | ReplayedTurn | ConcurrencyLimited>;
  /**
   * The conversation, and the turns that are open on it or wait for it. A deletion of any kind refuses those that wait
   * with the reason that `lost` would have, and takes the idempotency keys of its turns along, with the answers kept for
   * them, whether or not the conversation has expired since.
   * @returns false when there was neither a conversation nor an open turn.
   */
  delete(clientId: string, conversationId: string): Promise<boolean>;
  deleteByCharacter(clientId: string, characterId: string): Promise<void>;
  deleteByClient(clientId: string): Promise<void>;
  /** Resolves when the store answers. */
  check(): Promise<void>;
}
