import type { Completion, TurnOutcome } from '#src/domain/conversations/turn.js';
import type { Prompt } from '../ports/chat/llm-gateway.js';
import type { ModelAttempt } from '../ports/chat/model-attempt.js';
import type { ModelCall, ObservedTurn, TurnEvent } from '../ports/chat/turn-observer.js';
import type { Clock } from '../ports/system/clock.js';
import { callFailure } from './call-failure.js';

interface AskedModel {
  readonly prompt: Prompt;
  readonly streamed: boolean;
  readonly signal: AbortSignal;
}

/** Collects what observers receive of one turn while it runs. */
export class TurnReport {
  #call: ModelCall | null = null;

  readonly #turn: ObservedTurn;
  readonly #clock: Clock;
  readonly #notify: (event: TurnEvent) => void;

  constructor(turn: ObservedTurn, clock: Clock, notify: (event: TurnEvent) => void) {
    this.#turn = turn;
    this.#clock = clock;
    this.#notify = notify;
  }

  /** Measures a call of the model. `onPiece` is called for each piece before its reader has it. */
  async measure(
    { prompt, streamed, signal }: AskedModel,
    ask: (onPiece: () => void) => Promise<Completion>,
  ): Promise<Completion> {
    const clock = this.#clock;
    const startedAt = clock.now();
    const startedMs = clock.monotonicMs();
    const waitedMs = () => clock.monotonicMs() - startedMs;
    let firstTokenAt: number | null = null;
    const onPiece = () => {
      if (firstTokenAt !== null) return;
      const elapsedMs = waitedMs();
      firstTokenAt = startedAt + elapsedMs;
      this.#notify({ kind: 'first_token', turn: this.#turn, waitedMs: elapsedMs });
    };
    const end = (outcome: ModelCall['outcome']) => {
      this.#call = { prompt, streamed, startedAt, firstTokenAt, endedAt: startedAt + waitedMs(), outcome };
    };
    try {
      const completion = await ask(onPiece);
      end({ kind: 'completed', completion });
      return completion;
    } catch (error) {
      end({ kind: 'failed', code: callFailure(error, signal) });
      throw error;
    }
  }

  attempt(attempt: ModelAttempt): void {
    this.#notify({ kind: 'attempt', turn: this.#turn, attempt });
  }

  completed(outcome: TurnOutcome): void {
    this.#end(outcome);
  }

  failed(error: unknown, signal: AbortSignal): void {
    const code = callFailure(error, signal);
    this.#end(code === 'cancelled' ? { status: 'cancelled' } : { status: 'failed', code });
  }

  #end(outcome: TurnOutcome): void {
    this.#notify({ kind: 'ended', turn: this.#turn, outcome, call: this.#call });
  }
}
