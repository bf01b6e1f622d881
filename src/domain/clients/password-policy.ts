import { invalidFields } from '../errors.js';
import { emailLookup } from './client.js';

/** In characters (code points), after NFKC. */
export const PASSWORD_MIN_LENGTH = 8;
export const PASSWORD_MAX_LENGTH = 128;

/**
 * Length, commonness and not being the email; no composition rules (NIST SP 800-63B, 3.1.1.2).
 * @param isCommon whether it is among the 10,000 most common ones.
 * @throws AppError `invalid_request` that names `field`.
 */
export function assertPasswordAcceptable(
  password: string,
  email: string,
  isCommon: boolean,
  field: string,
): void {
  const normalised = password.normalize('NFKC');
  const length = [...normalised].length;
  if (length < PASSWORD_MIN_LENGTH || length > PASSWORD_MAX_LENGTH) {
    throw invalidFields({
      field,
      message: `must have ${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters`,
    });
  }
  if (isSame(password, email)) throw invalidFields({ field, message: 'must not be the email' });
  if (isCommon) {
    throw invalidFields({ field, message: 'is one of the most common passwords' });
  }
}

/** For a new email beside a password that stays. @throws AppError `invalid_request` that names `email`. */
export function assertEmailIsNotPassword(email: string, password: string): void {
  if (isSame(password, email)) throw invalidFields({ field: 'email', message: 'must not be the password' });
}

function isSame(password: string, email: string): boolean {
  return emailLookup(password) === emailLookup(email);
}
