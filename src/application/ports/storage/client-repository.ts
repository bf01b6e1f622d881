import type { ApiKey, ApiKeyVerifier } from '#src/domain/access/api-key.js';
import type { Client, ClientCredentials } from '#src/domain/clients/client.js';

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

/** What a change goes by: it takes place only where that is still so. */
export interface VerifiedCredentials {
  readonly email: string;
  readonly passwordHash: string;
}

export interface KeyAddition {
  /** The key of this client that asks for another: it has to be usable still. */
  readonly askedBy: string;
  /** Of this client's keys, at least 1; revoked ones do not count. */
  readonly maxUsable: number;
}

export interface KeyRecovery {
  /** That the password was right for. */
  readonly passwordHash: string;
  /** Of this client's keys, at least 1. */
  readonly maxUsable: number;
  /** Keys made then or later give way last of all: their owner may not have put them to use yet. */
  readonly sparedSince: string;
  /** Now: when a key that gives way is revoked. */
  readonly revokedAt: string;
  /** What a time of use after `revokedAt` counts as: a clock that was ahead wrote it. */
  readonly unknownUseAt: string;
  /** As for `revokeKey`. */
  readonly maxRevokedKept: number;
}

export interface ApiKeyUse {
  readonly clientId: string;
  readonly keyId: string;
  readonly usedAt: string;
}

/**
 * Clients and their API keys. What takes `askedBy`, the client's key that asks for it, does nothing for one that is revoked or whose
 * client is suspended, and rejects as `denialReason` says: both stand in one step, however shortly before the key was let in.
 * Absent or null: the operator asks. Every method rejects with AppError `database_unavailable` when the store cannot answer.
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
   * @param verified so that of parallel callers that verified the same one changes it; null: nothing had to be.
   * @returns the client afterwards, or null when there is none.
   * @throws AppError `email_taken`; `account_changed` when email or password are no longer those that were verified.
   */
  update(
    clientId: string,
    changes: ClientChanges,
    verified: VerifiedCredentials | null,
    askedBy?: string | null,
  ): Promise<Client | null>;
  /**
   * The account with its keys and characters; conversations are another store's, and in no step with it. When it resolves,
   * no process finds them any more.
   * @returns false when there was none.
   */
  delete(clientId: string, askedBy?: string | null): Promise<boolean>;

  /**
   * In one step, so that parallel callers never pass the bound, and a key that is revoked meanwhile brings forth no other.
   * @returns nothing is stored unless `added`: `missing` when the client or the asking key is gone or revoked; `suspended`
   * when the client is; `full` when it has `maxUsable` or more.
   */
  addKey(
    clientId: string,
    key: NewApiKey,
    addition: KeyAddition,
  ): Promise<'added' | 'missing' | 'suspended' | 'full'>;
  /**
   * Adds a key, and makes room for it where the client has `maxUsable` already: of those that were never used the oldest
   * is revoked, and where all were, the one that was unused for longest; the youngest (`sparedSince`) only among
   * themselves. All in one step or nothing.
   * @returns the ids of those that gave way; `changed` when the client is gone, or its password no longer the verified one;
   * `suspended` when the client is.
   */
  recoverKey(
    clientId: string,
    key: NewApiKey,
    recovery: KeyRecovery,
  ): Promise<readonly string[] | 'changed' | 'suspended'>;
  /** Oldest first, revoked ones that are kept too. */
  listKeys(clientId: string): Promise<ApiKey[]>;
  /** Before anybody is known: by the key's id alone. Revoked ones that are kept are found too. */
  findKeyVerifier(keyId: string): Promise<ApiKeyVerifier | null>;
  /** The same for many at once, never from anything remembered. In no order; those that are gone are left out. */
  findKeyVerifiers(keyIds: readonly string[]): Promise<ApiKeyVerifier[]>;
  /**
   * In one step, so that two callers cannot revoke the last two keys. A key revoked before stays as it was: `revoked`.
   * @param maxRevokedKept of this client's keys, at least 1: the newest by time of revocation, then by id. Older ones are
   * deleted for good in the same step.
   * @returns `last` when it is the only usable one and therefore stays.
   */
  revokeKey(
    clientId: string,
    keyId: string,
    revokedAt: string,
    maxRevokedKept: number,
    askedBy?: string | null,
  ): Promise<'revoked' | 'missing' | 'last'>;
  /**
   * Keys that are gone are passed over, and no time moves backwards, except one after `now`: a clock that was ahead wrote it.
   * @param now the caller's; a use after it counts as one at it.
   */
  recordKeyUses(uses: readonly ApiKeyUse[], now: string): Promise<void>;

  /** Resolves when the store answers. */
  check(): Promise<void>;
}
