import { assertPasswordAcceptable } from '#src/domain/clients/password-policy.js';
import type { CommonPasswords } from '../ports/access/common-passwords.js';

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
