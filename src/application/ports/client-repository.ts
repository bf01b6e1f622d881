import type { ApiKey, ApiKeyVerifier } from '#src/domain/api-key.js';
import type { Client, ClientCredentials } from '#src/domain/client.js';

/** A key as it is stored. */
export interface NewApiKey {
  readonly id: string;
  readonly name: string | null;
  /** 32 bytes. */
  readonly digest: Uint8Array;
  readonly lastFour: string;
  readonly createdAt: string;
}

export interface ClientChanges {
  readonly email?: string;
  readonly storeName?: string | null;
  readonly passwordHash?: string;
}

export interface ApiKeyUse {
  readonly clientId: string;
  readonly keyId: string;
  readonly usedAt: string;
}

/**
 * Clients and their API keys. Every method rejects with AppError `database_unavailable` when the store cannot answer.
 * What is returned is the caller's own: changing it changes nothing stored.
 */
export interface ClientRepository {
  /**
   * The account and its first key, both or neither.
   * @throws AppError `email_taken`, also for another spelling of the same address (see `emailLookup`).
   */
  create(credentials: ClientCredentials, firstKey: NewApiKey): Promise<void>;
  find(clientId: string): Promise<Client | null>;
  findCredentials(clientId: string): Promise<ClientCredentials | null>;
  /** For an owner without a key: the only way in that starts from an address. */
  findCredentialsByEmail(email: string): Promise<ClientCredentials | null>;
  /**
   * Changes the named fields alone, in one step.
   * @returns the client afterwards, or null when there is none.
   * @throws AppError `email_taken`.
   */
  update(clientId: string, changes: ClientChanges): Promise<Client | null>;
  /** The account with its keys and characters. @returns false when there was none. */
  delete(clientId: string): Promise<boolean>;

  /**
   * In one step, so that parallel callers never pass the bound.
   * @param mostUsable of this client's keys, at least 1; revoked ones do not count.
   * @returns `missing` when the client is gone; `full` when it has that many or more, and then nothing is stored.
   */
  addKey(clientId: string, key: NewApiKey, mostUsable: number): Promise<'added' | 'missing' | 'full'>;
  /** Oldest first, revoked ones that are kept too. */
  listKeys(clientId: string): Promise<ApiKey[]>;
  /** Before anybody is known: by the key's id alone. Revoked ones that are kept are found too. */
  findKeyVerifier(keyId: string): Promise<ApiKeyVerifier | null>;
  /** The same for many at once, never from anything remembered. In no order; those that are gone are left out. */
  findKeyVerifiers(keyIds: readonly string[]): Promise<ApiKeyVerifier[]>;
  /**
   * In one step, so that two callers cannot revoke the last two keys. A key revoked before stays as it was: `revoked`.
   * @param mostRevokedKept of this client's keys, at least 1: the newest by time of revocation, then by id. Older ones are
   * deleted for good in the same step.
   * @returns `last` when it is the only usable one and therefore stays.
   */
  revokeKey(
    clientId: string,
    keyId: string,
    revokedAt: string,
    mostRevokedKept: number,
  ): Promise<'revoked' | 'missing' | 'last'>;
  /** Never moves a time backwards; keys that are gone are passed over. */
  recordKeyUses(uses: readonly ApiKeyUse[]): Promise<void>;

  /** Resolves when the store answers. */
  check(): Promise<void>;
}
