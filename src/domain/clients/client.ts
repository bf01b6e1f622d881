import { asciiDomain } from './ascii-domain.js';

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

/**
 * Two spellings of one address are one account: compatibility forms and case are folded, and the domain is compared in
 * ASCII. What its rows were made by stays in databases: a change of it needs a migration.
 */
export function emailLookup(email: string): string {
  const folded = email.normalize('NFKC').toLowerCase().normalize('NFKC');
  const at = folded.lastIndexOf('@');
  return at === -1 ? folded : `${folded.slice(0, at)}@${asciiDomain(folded.slice(at + 1))}`;
}
