import { accountSuspended } from '#src/application/access/denial-reason.js';
import type {
  ApiKeyUse,
  ClientChanges,
  ClientRepository,
  KeyAddition,
  KeyRecovery,
  NewApiKey,
  VerifiedCredentials,
} from '#src/application/ports/storage/client-repository.js';
import type { ApiKey, ApiKeyVerifier } from '#src/domain/access/api-key.js';
import type { Client, ClientCredentials } from '#src/domain/clients/client.js';
import { AppError } from '#src/domain/errors.js';
import { copyTerms, type MemoryDatabase, type StoredClient, type StoredKey } from './memory-database.js';

/** Answers always; a full {@link MemoryDatabase} rejects what would add to it with AppError `overloaded`. */
export class MemoryClientRepository implements ClientRepository {
  readonly #database: MemoryDatabase;

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  async create({ client, passwordHash }: ClientCredentials, firstKey: NewApiKey): Promise<void> {
    this.#database.addClient({ ...client }, passwordHash, toStored(firstKey));
  }

  async find(clientId: string): Promise<Client | null> {
    const stored = this.#database.client(clientId);
    return stored === undefined ? null : { ...stored.client };
  }

  async findCredentials(clientId: string): Promise<ClientCredentials | null> {
    return toCredentials(this.#database.client(clientId));
  }

  async findCredentialsByEmail(email: string): Promise<ClientCredentials | null> {
    return toCredentials(this.#database.clientByEmail(email));
  }

  async update(
    clientId: string,
    changes: ClientChanges,
    verified: VerifiedCredentials | null,
    askedBy: string | null = null,
  ): Promise<Client | null> {
    const stored = this.#database.client(clientId);
    if (stored === undefined) return null;
    assertMayAsk(stored, askedBy);
    const { client } = stored;
    if (
      verified !== null &&
      (verified.email !== client.email || verified.passwordHash !== stored.passwordHash)
    ) {
      throw new AppError('account_changed');
    }
    const { email = client.email, storeName = client.storeName, passwordHash } = changes;
    this.#database.replaceClient(stored, { ...client, email, storeName });
    stored.passwordHash = passwordHash ?? stored.passwordHash;
    return { ...stored.client };
  }

  async delete(clientId: string, askedBy: string | null = null): Promise<boolean> {
    const stored = this.#database.client(clientId);
    if (stored !== undefined) assertMayAsk(stored, askedBy);
    return this.#database.deleteClient(clientId);
  }

  async addKey(
    clientId: string,
    key: NewApiKey,
    { askedBy, maxUsable }: KeyAddition,
  ): Promise<'added' | 'missing' | 'suspended' | 'full'> {
    const stored = this.#database.client(clientId);
    if (stored?.keys.get(askedBy)?.revokedAt !== null) return 'missing';
    if (stored.suspendedAt !== null) return 'suspended';
    if (usableKeys(stored).length >= maxUsable) return 'full';
    this.#database.addKey(stored, toStored(key));
    return 'added';
  }

  async recoverKey(
    clientId: string,
    key: NewApiKey,
    recovery: KeyRecovery,
  ): Promise<readonly string[] | 'changed' | 'suspended'> {
    const stored = this.#database.client(clientId);
    if (stored === undefined || stored.passwordHash !== recovery.passwordHash) return 'changed';
    if (stored.suspendedAt !== null) return 'suspended';
    const isSpared = ({ createdAt }: StoredKey) => createdAt >= recovery.sparedSince;
    const byUse = byUseUntil(recovery);
    const usable = usableKeys(stored).sort(
      (a, b) => Number(isSpared(a)) - Number(isSpared(b)) || byUse(a, b),
    );
    const givingWay = usable.slice(0, Math.max(0, usable.length + 1 - recovery.maxUsable));
    for (const each of givingWay) stored.keys.set(each.id, { ...each, revokedAt: recovery.revokedAt });
    this.#database.addKey(stored, toStored(key));
    this.#forgetRevoked(stored, recovery.maxRevokedKept);
    return givingWay.map(({ id }) => id);
  }

  async listKeys(clientId: string): Promise<ApiKey[]> {
    const keys = [...(this.#database.client(clientId)?.keys.values() ?? [])];
    return keys.sort(byAge).map(({ digest: _, ...shown }) => shown);
  }

  async findKeyVerifier(keyId: string): Promise<ApiKeyVerifier | null> {
    const owner = this.#database.clientByKey(keyId);
    const key = owner?.keys.get(keyId);
    if (owner === undefined || key === undefined) return null;
    const { digest, lastUsedAt, revokedAt } = key;
    const { terms, suspendedAt } = owner;
    return {
      keyId,
      clientId: owner.client.id,
      digest: Uint8Array.from(digest),
      lastUsedAt,
      revokedAt,
      suspendedAt,
      ...copyTerms(terms),
    };
  }

  async findKeyVerifiers(keyIds: readonly string[]): Promise<ApiKeyVerifier[]> {
    const found = await Promise.all(keyIds.map((keyId) => this.findKeyVerifier(keyId)));
    return found.filter((verifier) => verifier !== null);
  }

  async revokeKey(
    clientId: string,
    keyId: string,
    revokedAt: string,
    maxRevokedKept: number,
    askedBy: string | null = null,
  ): Promise<'revoked' | 'missing' | 'last'> {
    const stored = this.#database.client(clientId);
    if (stored !== undefined) assertMayAsk(stored, askedBy);
    const key = stored?.keys.get(keyId);
    if (stored === undefined || key === undefined) return 'missing';
    if (key.revokedAt === null) {
      if (usableKeys(stored).length === 1) return 'last';
      stored.keys.set(keyId, { ...key, revokedAt });
    }
    this.#forgetRevoked(stored, maxRevokedKept);
    return 'revoked';
  }

  async recordKeyUses(uses: readonly ApiKeyUse[], now: string): Promise<void> {
    for (const { clientId, keyId, usedAt } of uses) {
      const keys = this.#database.client(clientId)?.keys;
      const key = keys?.get(keyId);
      if (keys === undefined || key === undefined) continue;
      const { lastUsedAt } = key;
      const used = usedAt < now ? usedAt : now;
      if (lastUsedAt === null || lastUsedAt < used || lastUsedAt > now)
        keys.set(keyId, { ...key, lastUsedAt: used });
    }
  }

  async check(): Promise<void> {}

  #forgetRevoked(stored: StoredClient, maxKept: number): void {
    const revoked = [...stored.keys.values()].filter((each) => each.revokedAt !== null);
    for (const { id } of revoked.sort(byRevocation).slice(maxKept)) this.#database.deleteKey(stored, id);
  }
}

/** @throws AppError `unauthenticated`, `forbidden`. */
function assertMayAsk({ keys, suspendedAt }: StoredClient, askedBy: string | null): void {
  if (askedBy === null) return;
  if (keys.get(askedBy)?.revokedAt !== null) throw new AppError('unauthenticated');
  if (suspendedAt !== null) throw accountSuspended();
}

function toStored(key: NewApiKey): StoredKey {
  return { ...key, digest: Uint8Array.from(key.digest), lastUsedAt: null, revokedAt: null };
}

function toCredentials(stored: StoredClient | undefined): ClientCredentials | null {
  return stored === undefined ? null : { client: { ...stored.client }, passwordHash: stored.passwordHash };
}

function usableKeys({ keys }: StoredClient): StoredKey[] {
  return [...keys.values()].filter((key) => key.revokedAt === null);
}

/** The newest first. */
function byRevocation(a: StoredKey, b: StoredKey): number {
  const [ofA, ofB] = [a.revokedAt ?? '', b.revokedAt ?? ''];
  return ofA > ofB || (ofA === ofB && a.id > b.id) ? -1 : 1;
}

/** Never used first, the oldest of them; then the one that was unused for longest. */
function byUseUntil({ revokedAt: now, unknownUseAt }: KeyRecovery): (a: StoredKey, b: StoredKey) => number {
  const useOf = ({ lastUsedAt }: StoredKey) => {
    if (lastUsedAt === null) return '';
    return lastUsedAt > now ? unknownUseAt : lastUsedAt;
  };
  return (a, b) => {
    const [ofA, ofB] = [useOf(a), useOf(b)];
    if (ofA === ofB) return byAge(a, b);
    return ofA < ofB ? -1 : 1;
  };
}

function byAge(a: StoredKey, b: StoredKey): number {
  const before = a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.id < b.id);
  return before ? -1 : 1;
}
