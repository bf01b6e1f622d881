import type { Prompt } from '#src/application/ports/chat/llm-gateway.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import { AppError, type ErrorCode } from '#src/domain/errors.js';

/** `cancelled`: the caller had gone. */
export type CallFailure = ErrorCode | 'cancelled';

/** One call of a model, once it is over. Times are milliseconds since the epoch. */
export interface FinishedCall {
  /** UUIDv7. */
  readonly id: string;
  readonly prompt: Prompt;
  readonly streamed: boolean;
  readonly startedAt: number;
  /** Null: there was none, or the call was not streamed. */
  readonly firstTokenAt: number | null;
  readonly endedAt: number;
  readonly outcome:
    | { readonly kind: 'completed'; readonly completion: Completion }
    | { readonly kind: 'failed'; readonly code: CallFailure };
}

const BYTES_PER_UNIT = 2;
/** For each message; what surrounds a call is less than two of them take. */
const OVERHEAD_BYTES = 512;

/** What a call weighs in memory, rather too much than too little. */
export function bytesOf({ prompt, outcome }: FinishedCall): number {
  let units = prompt.model.length;
  for (const { content } of prompt.messages) units += content.length;
  if (outcome.kind === 'completed') units += outcome.completion.reply.content.length;
  return OVERHEAD_BYTES * prompt.messages.length + BYTES_PER_UNIT * units;
}

/** What may be told of an error: a code of ours, and nothing that a library or a provider wrote. */
export function failureOf(error: unknown, signal: AbortSignal): CallFailure {
  if (error instanceof AppError) return error.code;
  return signal.aborted ? 'cancelled' : 'internal_error';
}
