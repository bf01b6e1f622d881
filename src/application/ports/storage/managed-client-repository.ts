import type { ClientLimits } from '#src/domain/clients/client-terms.js';
import type { ManagedClient } from '#src/domain/clients/managed-client.js';

export interface ManagedClientPage {
  /** Newest first. */
  readonly clients: readonly ManagedClient[];
  /** Where the next page begins, or null at the end. */
  readonly nextBefore: string | null;
}

export interface ManagedClientChanges {
  /** A client that is suspended already keeps its time; null resumes it. */
  readonly suspendedAt?: string | null;
  /** The named limits alone. */
  readonly limits?: Partial<ClientLimits>;
  readonly budgetTokensPerDay?: number | null;
}

/**
 * The operator's view of all clients, on the same store as `ClientRepository`; what happens here shows there at once.
 * Every method rejects with AppError `database_unavailable` when the store cannot answer. What is returned is the
 * caller's own: changing it changes nothing stored.
 */
export interface ManagedClientRepository {
  find(clientId: string): Promise<ManagedClient | null>;
  /** @param email in any spelling that is the same account (see `emailLookup`). */
  findByEmail(email: string): Promise<ManagedClient | null>;
  /**
   * Newest first (ids are made in ascending order).
   * @param limit 1 to 100.
   * @param before an id: only what was made before it, whether or not it still exists.
   */
  list(limit: number, before: string | null): Promise<ManagedClientPage>;
  /** Changes the named fields alone, in one step. @returns the client afterwards, or null when there is none. */
  update(clientId: string, changes: ManagedClientChanges): Promise<ManagedClient | null>;
}
