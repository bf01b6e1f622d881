import type { UtcDay } from './utc-day.js';

export interface TurnCounts {
  /** Completed ones. */
  readonly turns: number;
  /** Spent, also by turns that then failed. */
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What a client's turns with one character cost in one day. */
export interface CharacterDay extends TurnCounts {
  readonly day: UtcDay;
  /** The character may be gone by now. */
  readonly characterId: string;
}

/** A part of a day as it is shown. */
export interface ShownUsage extends TurnCounts {
  readonly day: UtcDay;
  /** The character may be gone by now. Null: all characters of the day that are not shown by themselves. */
  readonly characterId: string | null;
}

/** Of one day, by themselves. */
export const MAX_SHOWN_CHARACTERS = 100;

/** How far back usage is shown, today included; and how many recorded days are kept at least, whatever the clock says. */
export const USAGE_DAYS = 30;

/** Both together, otherwise as the first one. */
export function addCounts<T extends TurnCounts>(to: T, more: TurnCounts): T {
  return {
    ...to,
    turns: to.turns + more.turns,
    inputTokens: to.inputTokens + more.inputTokens,
    outputTokens: to.outputTokens + more.outputTokens,
  };
}

/** What is left of a sum without one of its parts. */
export function subtractCounts(from: TurnCounts, less: TurnCounts): TurnCounts {
  return {
    turns: from.turns - less.turns,
    inputTokens: from.inputTokens - less.inputTokens,
    outputTokens: from.outputTokens - less.outputTokens,
  };
}

export function tokensOf({ inputTokens, outputTokens }: TurnCounts): number {
  return inputTokens + outputTokens;
}
