import { AppError } from '#src/domain/errors.js';

/**
 * @param reason as the store has it; empty when it does not know the turn any more: its process was silent for too long,
 * or Redis has lost what it held.
 */
export function endOfTurn(reason: string): AppError {
  switch (reason) {
    case 'conversation_not_found':
    case 'character_not_found':
    case 'unauthenticated':
      return new AppError(reason);
    default:
      return new AppError('cache_unavailable', { retryAfterSeconds: 1 });
  }
}
