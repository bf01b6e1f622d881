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
const OVERHEAD_BYTES = 1024;

/** What a call weighs in memory, rather too much than too little. */
export function bytesOf({ prompt, outcome }: FinishedCall): number {
  let units = prompt.model.length + prompt.instructions.length + prompt.message.length;
  units += prompt.greeting?.length ?? 0;
  for (const { user, assistant } of prompt.history) units += user.length + assistant.length;
  if (outcome.kind === 'completed') units += outcome.completion.reply.content.length;
  return OVERHEAD_BYTES * (1 + prompt.history.length) + BYTES_PER_UNIT * units;
}

/** What may be told of an error: a code of ours, and nothing that a library or a provider wrote. */
export function failureOf(error: unknown, signal: AbortSignal): CallFailure {
  if (error instanceof AppError) return error.code;
  return signal.aborted ? 'cancelled' : 'internal_error';
}
