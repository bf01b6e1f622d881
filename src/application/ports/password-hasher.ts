export interface PasswordHasher {
  /**
   * Every byte of the NFKC-normalised password counts.
   * @throws AppError `overloaded` when too many hashes wait already.
   */
  hash(password: string): Promise<string>;
  /**
   * With `null` (no such account) it takes as long as with a hash, and answers false.
   * @throws AppError `overloaded` when too many hashes wait already.
   */
  verify(password: string, hash: string | null): Promise<boolean>;
}
