import { AppError } from '#src/domain/errors.js';
import type { CallFailure } from '../ports/chat/model-attempt.js';

/**
 * What may be said of an error: a code of ours, and nothing that a library or a provider wrote. A caller who left is no
 * failure; a service that ends the turn is one, with a code.
 */
export function callFailure(error: unknown, signal: AbortSignal): CallFailure {
  if (error instanceof AppError) return error.code;
  return signal.aborted ? 'cancelled' : 'internal_error';
}
