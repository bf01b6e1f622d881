import { FAULT_KINDS, type FaultKind } from './fault-plan.js';
import type { RunOutcome } from './lane.js';

/** What many runs came to. */
export class Tally {
  runs = 0;
  acknowledged = 0;
  /** Of them: acknowledged only after the request had been sent again. */
  afterRepeats = 0;
  replayed = 0;
  refused = 0;
  /** Not acknowledged. */
  uncertain = 0;
  uncertainStored = 0;
  stored = 0;
  readonly faults = new Map<FaultKind, number>(FAULT_KINDS.map((kind) => [kind, 0]));
  readonly violations: { readonly seed: number; readonly what: string }[] = [];

  add({ seed, faults, attempts, stored, violations }: RunOutcome): void {
    this.runs += 1;
    for (const { kind } of faults) this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    const messages = new Set(stored.flatMap(({ exchanges }) => exchanges.map(({ user }) => user)));
    this.stored += messages.size;
    for (const { fate, answers, timesSent, request } of attempts) {
      this[fate] += 1;
      if (fate === 'acknowledged' && timesSent > 1) this.afterRepeats += 1;
      if (fate === 'uncertain' && messages.has(request.message)) this.uncertainStored += 1;
      this.replayed += answers.filter(({ replayed }) => replayed).length;
    }
    for (const what of violations) this.violations.push({ seed, what });
  }

  /** In one line. */
  toString(): string {
    const faults = [...this.faults].map(([kind, count]) => `${kind} ${count}`).join(', ');
    return (
      `${this.runs} runs; turns: ${this.acknowledged} acknowledged (${this.afterRepeats} after repeats, ` +
      `${this.replayed} replays), ${this.refused} refused, ${this.uncertain} uncertain (${this.uncertainStored} stored); ` +
      `faults: ${faults}; violations: ${this.violations.length}`
    );
  }
}
