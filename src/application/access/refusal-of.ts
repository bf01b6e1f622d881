import type { ApiKeyVerifier } from '#src/domain/api-key.js';
import { AppError } from '#src/domain/app-error.js';

/** Why a key that is right lets nobody in any more, or null. @param verifier null: the key is gone, or its client is. */
export function refusalOf(verifier: ApiKeyVerifier | null): AppError | null {
  if (verifier === null || verifier.revokedAt !== null) return new AppError('unauthenticated');
  return verifier.suspendedAt === null
    ? null
    : new AppError('forbidden', {
        detail: 'This account is suspended. The operator of the service can say why.',
      });
}
