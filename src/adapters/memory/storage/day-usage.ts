import {
  addCounts,
  type CharacterDay,
  type ShownUsage,
  subtractCounts,
  type TurnCounts,
  tokensOf,
} from '#src/domain/usage/usage.js';
import type { UtcDay } from '#src/domain/usage/utc-day.js';

/** One client's day: its sum, and its characters in the order of what they cost, so that the costliest are at hand. */
export class DayUsage {
  readonly #day: UtcDay;
  readonly #byCharacter = new Map<string, CharacterDay>();
  /** The costliest first; of equals the lower id. */
  readonly #ranked: CharacterDay[] = [];
  #sum: TurnCounts = { turns: 0, inputTokens: 0, outputTokens: 0 };

  constructor(day: UtcDay) {
    this.#day = day;
  }

  get tokens(): number {
    return tokensOf(this.#sum);
  }

  /** @param entry of this day. */
  add(entry: CharacterDay): void {
    const before = this.#byCharacter.get(entry.characterId);
    if (before !== undefined) this.#ranked.splice(this.#rankOf(before), 1);
    const after = before === undefined ? entry : addCounts(before, entry);
    this.#byCharacter.set(entry.characterId, after);
    this.#ranked.splice(this.#rankOf(after), 0, after);
    this.#sum = addCounts(this.#sum, entry);
  }

  /** The costliest by their ids, and what is left of the day as one, if there is more. */
  show(maxCharacters: number): ShownUsage[] {
    const costliest = this.#ranked.slice(0, maxCharacters);
    const shown = costliest
      .toSorted((a, b) => (a.characterId < b.characterId ? -1 : 1))
      .map((row): ShownUsage => ({ ...row }));
    if (this.#ranked.length <= maxCharacters) return shown;
    return [...shown, { day: this.#day, characterId: null, ...costliest.reduce(subtractCounts, this.#sum) }];
  }

  /** Where it stands, or would stand. */
  #rankOf(row: CharacterDay): number {
    let [low, high] = [0, this.#ranked.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.#ranked[middle];
      if (there !== undefined && comesBefore(there, row)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function comesBefore(a: CharacterDay, b: CharacterDay): boolean {
  const difference = tokensOf(a) - tokensOf(b);
  return difference === 0 ? a.characterId < b.characterId : difference > 0;
}
