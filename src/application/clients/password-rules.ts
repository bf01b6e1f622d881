import type { CommonPasswords } from '#src/application/ports/common-passwords.js';
import { assertPasswordAcceptable } from '#src/domain/password-policy.js';

/** @throws AppError `invalid_request` that names `field`. */
export async function requireAcceptablePassword(
  commonPasswords: CommonPasswords,
  password: string,
  email: string,
  field: string,
): Promise<void> {
  const isCommon = await commonPasswords.has(password.normalize('NFKC').toLowerCase());
  assertPasswordAcceptable(password, email, isCommon, field);
}
