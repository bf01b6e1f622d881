/** On whose behalf a password is hashed. */
export interface HashingParty {
  /** As `emailLookup` gives it, whether or not there is such an account. */
  readonly account: string;
  /** What limits count as one address. */
  readonly address: string;
}

/**
 * Hashes are slow by intent, so a bounded number wait. Those of different accounts from different addresses take turns:
 * whoever asks for many waits behind their own.
 */
export interface PasswordHasher {
  /**
   * Every byte of the NFKC-normalised password counts.
   * @throws AppError `overloaded` when too many hashes wait already.
   */
  hash(password: string, party: HashingParty): Promise<string>;
  /**
   * With `null` (no such account) it takes as long as with a hash, and answers false.
   * @throws AppError `overloaded` when too many hashes wait already.
   */
  verify(password: string, hash: string | null, party: HashingParty): Promise<boolean>;
}
