import type { ErrorCode } from '#src/domain/errors.js';
import type { TurnAnswer, TurnOrder, TurnReport } from './turn-orders.js';

export type Fate = 'acknowledged' | 'refused' | 'uncertain';

/** Codes that say for certain: this request has stored nothing, and will not. */
const DENIALS: ReadonlySet<ErrorCode> = new Set(['conversation_busy', 'request_in_progress', 'model_failed']);

/** One message with its idempotency key, and every answer to it, however often it was sent. */
export class Attempt {
  readonly invokedAt = performance.now();
  /** When it was first acknowledged. */
  acknowledgedAt = Number.POSITIVE_INFINITY;
  readonly answers: TurnAnswer[] = [];
  readonly codes: ErrorCode[] = [];
  #sent = 0;

  constructor(readonly request: Omit<TurnOrder, 'number'>) {}

  get timesSent(): number {
    return this.#sent;
  }

  /** As far as is known by now. Refused is what was refused as often as it was sent. */
  get fate(): Fate {
    if (this.answers.length > 0) return 'acknowledged';
    const refused = this.codes.filter((code) => DENIALS.has(code));
    return refused.length === this.#sent ? 'refused' : 'uncertain';
  }

  noteSent(): void {
    this.#sent += 1;
  }

  /** Also when nobody waits for it any more. */
  note(report: TurnReport): void {
    if ('code' in report) this.codes.push(report.code);
    else {
      this.acknowledgedAt = Math.min(this.acknowledgedAt, performance.now());
      this.answers.push(report.answer);
    }
  }
}
