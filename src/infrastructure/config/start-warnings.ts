import type { Config } from './config.js';
import { environmentSchema } from './environment-schema.js';

/** A line of the log. Names variables, never a value. */
export interface StartWarning {
  readonly fields: Readonly<Record<string, string>>;
  readonly message: string;
}

const NAMES = Object.keys(environmentSchema.shape);
/** What variables begin with that nobody else's do; `REDIS_…` and `LANGCHAIN_…` are others' too. */
const OWN_FAMILIES = /^(FASTWRAP|MODEL|LIMIT|BUDGET|HISTORY|CONVERSATION|TRACING)_/;
/** Two letters in the wrong order are two edits. */
const MAX_EDITS = 2;
const LEAST_LENGTH = 6;

/** What does not keep the service from its start, and is probably not what was meant. */
export function startWarnings(
  variables: Readonly<Record<string, string | undefined>>,
  { production, signup, budgetTokensPerDay }: Config,
): StartWarning[] {
  const warnings = Object.keys(variables).flatMap(misspelling);
  if (production && signup === 'open' && budgetTokensPerDay === 0) {
    const message =
      "sign-up is open and there is no budget: whoever signs up spends the operator's tokens; see SIGNUP and BUDGET_TOKENS_PER_DAY";
    warnings.push({ fields: {}, message });
  }
  return warnings;
}

function misspelling(variable: string): StartWarning[] {
  if (NAMES.includes(variable)) return [];
  const [nearest = '', edits = 0] = NAMES.map((name) => [name, editsBetween(variable, name)] as const).reduce(
    (best, next) => (next[1] < best[1] ? next : best),
  );
  const isNear = edits <= MAX_EDITS && Math.min(variable.length, nearest.length) >= LEAST_LENGTH;
  if (!isNear && !OWN_FAMILIES.test(variable)) return [];
  return [{ fields: { variable, nearest }, message: 'this variable is unknown, and ignored' }];
}

/** Levenshtein's distance: letters that are added, left out or replaced. */
export function editsBetween(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...from].entries()) {
    const line = [row + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (above[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      line.push(Math.min(replaced, (above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1));
    }
    above = line;
  }
  return above[to.length] ?? 0;
}
