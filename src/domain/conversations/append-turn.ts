import {
  type Conversation,
  expiryOf,
  type Greeting,
  type HistoryBounds,
  keepNewest,
  toExchange,
} from './conversation.js';
import type { CompletedTurn } from './turn.js';

export interface TurnToAppend {
  /** As the turn was shown it, even when it expired or was evicted since; null: the turn begins it. */
  readonly before: Conversation | null;
  /** What it is when the turn begins it. */
  readonly beginning: Pick<Conversation, 'id' | 'characterId'> & { readonly greeting: Greeting | null };
  readonly turn: CompletedTurn;
  readonly bounds: HistoryBounds;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Counted from `now`. */
  readonly ttlSeconds: number;
}

/**
 * The conversation with one more turn, frozen; `before` itself when it holds the turn already. The newest exchanges are kept,
 * all turns are counted, and the expiry begins anew. Whose it is and how it began do not change.
 */
export function appendTurn({ before, beginning, turn, bounds, now, ttlSeconds }: TurnToAppend): Conversation {
  if (before?.exchanges.some(({ turnId }) => turnId === turn.id)) return before;
  const { id, characterId, greeting } = before ?? beginning;
  const exchanges = [...(before?.exchanges ?? []), Object.freeze(toExchange(turn))];
  return Object.freeze({
    id,
    characterId,
    greeting: greeting && Object.freeze({ ...greeting }),
    turns: (before?.turns ?? 0) + 1,
    exchanges: Object.freeze(keepNewest(exchanges, bounds)),
    expiresAt: expiryOf(now, ttlSeconds),
  });
}
