/** A store, an agency or a product team: the owner of keys, characters and conversations. */
export interface Client {
  readonly id: string;
  /** As the owner wrote it; compared by {@link emailLookup}. */
  readonly email: string;
  readonly storeName: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** A client with what proves its owner; never leaves the use cases. */
export interface ClientCredentials {
  readonly client: Client;
  readonly passwordHash: string;
}

/** Two spellings of one address are one account: compatibility forms and case are folded. */
export function emailLookup(email: string): string {
  return email.normalize('NFKC').toLowerCase();
}
