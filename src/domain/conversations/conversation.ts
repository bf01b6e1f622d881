import { estimateTokens } from '../models/token-estimate.js';
import type { CompletedTurn, Turn } from './turn.js';

/** One completed turn as it is remembered: both messages, so that half a turn cannot be kept. */
export interface Exchange {
  readonly turnId: string;
  readonly user: string;
  readonly assistant: string;
  /** ISO 8601, UTC. */
  readonly userAt: string;
  readonly assistantAt: string;
  /** Both messages together, by {@link estimateTokens}. */
  readonly tokens: number;
}

/** What the character said before the visitor's first word. It is no turn, and stays when the character changes. */
export interface Greeting {
  /** Never empty. */
  readonly text: string;
  /** ISO 8601, UTC: the start of the first turn. */
  readonly at: string;
}

export interface Conversation {
  readonly id: string;
  readonly characterId: string;
  /** Null: it began without one. */
  readonly greeting: Greeting | null;
  /** Completed turns since it began, also those that are no longer kept. */
  readonly turns: number;
  /** Oldest first; bounded, the oldest fall out. */
  readonly exchanges: readonly Exchange[];
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

/** How much of a conversation the model is shown, and how much is kept. */
export interface HistoryBounds {
  /** Two for each turn; at least 2. */
  readonly maxMessages: number;
  readonly maxTokens: number;
}

export function toExchange(turn: CompletedTurn): Exchange {
  const assistant = turn.outcome.reply.content;
  return {
    turnId: turn.id,
    user: turn.userMessage,
    assistant,
    userAt: turn.startedAt,
    assistantAt: turn.outcome.completedAt,
    tokens: estimateTokens(turn.userMessage) + estimateTokens(assistant),
  };
}

/** Of a conversation that begins with `turn`; an empty text is none. */
export function toGreeting(text: string | null, { startedAt }: Turn): Greeting | null {
  return text === null || text === '' ? null : Object.freeze({ text, at: startedAt });
}

/** When a conversation expires whose last turn ended at `now`, in milliseconds since the epoch. ISO 8601, UTC. */
export function expiryOf(now: number, ttlSeconds: number): string {
  return new Date(now + ttlSeconds * 1000).toISOString();
}

/** The newest exchanges that a store keeps: as many as the model could ever be shown. */
export function keepNewest(exchanges: readonly Exchange[], bounds: HistoryBounds): readonly Exchange[] {
  return exchanges.slice(-Math.max(1, Math.floor(bounds.maxMessages / 2)));
}

/** The newest whole exchanges that fit both bounds. */
export function selectHistory(exchanges: readonly Exchange[], bounds: HistoryBounds): readonly Exchange[] {
  const max = Math.floor(bounds.maxMessages / 2);
  let tokens = 0;
  let first = exchanges.length;
  while (first > 0 && exchanges.length - first < max) {
    const candidate = exchanges[first - 1];
    if (candidate === undefined || tokens + candidate.tokens > bounds.maxTokens) break;
    tokens += candidate.tokens;
    first -= 1;
  }
  return exchanges.slice(first);
}

/**
 * The greeting, as the oldest part of the history: shown when every turn is, and it fits the bound of tokens beside them.
 * The bound of messages counts turns alone.
 */
export function selectGreeting(
  { greeting, turns }: Pick<Conversation, 'greeting' | 'turns'>,
  history: readonly Exchange[],
  { maxTokens }: HistoryBounds,
): Greeting | null {
  if (greeting === null || history.length < turns) return null;
  const tokens = history.reduce((sum, exchange) => sum + exchange.tokens, estimateTokens(greeting.text));
  return tokens <= maxTokens ? greeting : null;
}
