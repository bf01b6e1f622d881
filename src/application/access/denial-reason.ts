import type { ApiKeyVerifier } from '#src/domain/access/api-key.js';
import { AppError } from '#src/domain/errors.js';

/**
 * Why a key that is right lets nobody in any more, or null.
 * @param verifier null: the key is gone, or its client is.
 */
export function denialReason(verifier: ApiKeyVerifier | null): AppError | null {
  if (verifier === null || verifier.revokedAt !== null) return new AppError('unauthenticated');
  return verifier.suspendedAt === null ? null : accountSuspended();
}

export function accountSuspended(): AppError {
  return new AppError('forbidden', {
    detail: 'This account is suspended. Ask whoever operates the service.',
  });
}
