/** Addresses from which an account's owner has been seen, for two weeks since the last time. Never rejects. */
export interface KnownAddresses {
  remember(account: string, address: string): Promise<void>;
  /** False also when it cannot be found out. */
  has(account: string, address: string): Promise<boolean>;
}
