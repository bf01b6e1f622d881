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
import { type Client, type ClientCredentials, emailLookup } from '#src/domain/clients/client.js';
import { AppError } from '#src/domain/errors.js';
import type { RunStatement, SqlValue } from '../database/sqlite-connection.js';
import type { SqliteDatabase } from '../database/sqlite-database.js';
import { isUniqueViolation } from '../database/sqlite-error.js';
import { BatchLoader, type Placed } from './batch-loader.js';
import { TERMS_COLUMNS, type TermsRow, withTerms } from './client-terms-columns.js';
import { RowCache } from './row-cache.js';

const CLIENT = 'clients.id AS id, email, store_name AS storeName, created_at AS createdAt';
const CREDENTIALS = `${CLIENT}, password_hash AS passwordHash`;

const CREATE = `
  INSERT INTO clients (id, email, email_lookup, store_name, password_hash, created_at)
  VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (email_lookup) DO NOTHING RETURNING id`;

const UPDATE = `
  UPDATE clients SET
    email = coalesce(?2, email), email_lookup = coalesce(?3, email_lookup),
    store_name = iif(?4, ?5, store_name), password_hash = coalesce(?6, password_hash)
  WHERE id = ?1 AND (?7 IS NULL OR (email = ?7 AND password_hash = ?8)) AND ${mayAsk('?9')} RETURNING ${CLIENT}`;

const DELETE = `DELETE FROM clients WHERE id = ?1 AND ${mayAsk('?2')} RETURNING id`;

const ADD_KEY = `
  INSERT INTO api_keys (client_id, id, name, digest, last_four, created_at) VALUES (?, ?, ?, ?, ?, ?)`;

/** The client of a usable key, and how many it has of them. */
const FIND_ASKING = `
  SELECT suspended_at AS suspendedAt,
    (SELECT count(*) FROM api_keys WHERE client_id = ?1 AND revoked_at IS NULL) AS usable
  FROM api_keys AS asking JOIN clients ON clients.id = client_id
  WHERE asking.id = ?2 AND client_id = ?1 AND revoked_at IS NULL`;

const LIST_KEYS = `
  SELECT id, name, last_four AS lastFour, created_at AS createdAt, last_used_at AS lastUsedAt, revoked_at AS revokedAt
  FROM api_keys WHERE client_id = ? ORDER BY created_at, id`;

const FIND_KEY = `
  SELECT asked.key AS place, api_keys.id AS keyId, client_id AS clientId, digest, last_used_at AS lastUsedAt,
    revoked_at AS revokedAt, ${TERMS_COLUMNS}
  FROM json_each(?) AS asked JOIN api_keys ON api_keys.id = asked.value ->> 0 JOIN clients ON clients.id = client_id`;

/** Batched, so that a flood of logins does not line up in front of everybody else's reads. */
const FIND_BY_EMAIL = `
  SELECT asked.key AS place, ${CREDENTIALS}
  FROM json_each(?) AS asked JOIN clients ON email_lookup = asked.value ->> 0`;

const REVOKE_KEY = `
  UPDATE api_keys SET revoked_at = coalesce(revoked_at, iif(
    EXISTS (SELECT 1 FROM api_keys AS other WHERE other.client_id = ?1 AND other.id <> ?2 AND other.revoked_at IS NULL),
    ?3, NULL))
  WHERE client_id = ?1 AND id = ?2 RETURNING revoked_at AS revokedAt`;

const FIND_VERIFIED = 'SELECT suspended_at AS suspendedAt FROM clients WHERE id = ? AND password_hash = ?';

const MAKE_ROOM = `
  UPDATE api_keys SET revoked_at = ?2 WHERE id IN (
    SELECT id FROM api_keys WHERE client_id = ?1 AND revoked_at IS NULL
    ORDER BY created_at >= ?4, iif(last_used_at > ?2, ?5, last_used_at) NULLS FIRST, created_at, id
    LIMIT max(0, 1 - ?3 + (SELECT count(*) FROM api_keys WHERE client_id = ?1 AND revoked_at IS NULL)))
  RETURNING id`;

const FORGET_REVOKED_KEYS = `
  DELETE FROM api_keys WHERE id IN (
    SELECT id FROM api_keys WHERE client_id = ? AND revoked_at IS NOT NULL
    ORDER BY revoked_at DESC, id DESC LIMIT -1 OFFSET ?)`;

const RECORD_USES = `
  UPDATE api_keys SET last_used_at = newest.used_at
  FROM (
    SELECT value ->> 'clientId' AS client_id, value ->> 'keyId' AS key_id, min(max(value ->> 'usedAt'), ?2) AS used_at
    FROM json_each(?1) GROUP BY 1, 2
  ) AS newest
  WHERE api_keys.id = newest.key_id AND api_keys.client_id = newest.client_id
    AND (last_used_at IS NULL OR last_used_at < newest.used_at OR last_used_at > ?2)`;

type VerifierRow = Omit<ApiKeyVerifier, 'limits'> & TermsRow;
type Suspendable = Pick<ApiKeyVerifier, 'suspendedAt'>;
type CredentialsRow = Client & { readonly passwordHash: string };

const MAX_KEPT = 10_000;

export class SqliteClientRepository implements ClientRepository {
  readonly #database: SqliteDatabase;
  readonly #verifiers: RowCache<ApiKeyVerifier>;
  readonly #credentials: BatchLoader<CredentialsRow, ClientCredentials>;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    const verifiers = new BatchLoader<VerifierRow, ApiKeyVerifier>({
      read: database.read,
      sql: FIND_KEY,
      toResult: toVerifier,
    });
    this.#credentials = new BatchLoader({
      read: database.read,
      sql: FIND_BY_EMAIL,
      toResult: ({ place: _, ...row }) => toCredentials(row),
    });
    this.#verifiers = new RowCache({
      version: database.version,
      read: (...key) => verifiers.find(...key),
      copyOf: (verifier) => ({
        ...verifier,
        digest: new Uint8Array(verifier.digest),
        limits: { ...verifier.limits },
      }),
      maxRows: MAX_KEPT,
    });
  }

  async create({ client, passwordHash }: ClientCredentials, firstKey: NewApiKey): Promise<void> {
    const lookup = emailLookup(client.email);
    await this.#database.transaction(async (run) => {
      const created = await run(CREATE, [
        client.id,
        client.email,
        lookup,
        client.storeName,
        passwordHash,
        client.createdAt,
      ]);
      if (created.length === 0) throw new AppError('email_taken');
      await run(ADD_KEY, keyParams(client.id, firstKey));
    });
  }

  async find(clientId: string): Promise<Client | null> {
    const [client] = await this.#database.read<Client>(`SELECT ${CLIENT} FROM clients WHERE id = ?`, [
      clientId,
    ]);
    return client ?? null;
  }

  async findCredentials(clientId: string): Promise<ClientCredentials | null> {
    const sql = `SELECT ${CREDENTIALS} FROM clients WHERE id = ?`;
    const [row] = await this.#database.read<CredentialsRow>(sql, [clientId]);
    return row === undefined ? null : toCredentials(row);
  }

  async findCredentialsByEmail(email: string): Promise<ClientCredentials | null> {
    return this.#credentials.find(emailLookup(email));
  }

  async update(
    clientId: string,
    changes: ClientChanges,
    verified: VerifiedCredentials | null,
    askedBy: string | null = null,
  ): Promise<Client | null> {
    const { email, storeName, passwordHash } = changes;
    const params = [
      clientId,
      email ?? null,
      email === undefined ? null : emailLookup(email),
      storeName === undefined ? 0 : 1,
      storeName ?? null,
      passwordHash ?? null,
      verified?.email ?? null,
      verified?.passwordHash ?? null,
      askedBy,
    ];
    try {
      const [client] = await this.#database.erase<Client>(UPDATE, params);
      if (client !== undefined) return client;
    } catch (error) {
      if (isUniqueViolation(error, 'clients.email_lookup')) throw new AppError('email_taken');
      throw error;
    }
    if ((verified === null && askedBy === null) || (await this.find(clientId)) === null) return null;
    await this.#assertMayAsk(this.#database.read, clientId, askedBy);
    if (verified !== null) throw new AppError('account_changed');
    return null;
  }

  async delete(clientId: string, askedBy: string | null = null): Promise<boolean> {
    const deleted = await this.#database.erase(DELETE, [clientId, askedBy]);
    if (deleted.length === 0) {
      if (askedBy !== null && (await this.find(clientId)) !== null)
        await this.#assertMayAsk(this.#database.read, clientId, askedBy);
      return false;
    }
    await this.#database.version.visibleEverywhere();
    return true;
  }

  addKey(
    clientId: string,
    key: NewApiKey,
    { askedBy, maxUsable }: KeyAddition,
  ): Promise<'added' | 'missing' | 'suspended' | 'full'> {
    return this.#database.transaction(async (run) => {
      const [asking] = await run<Suspendable & { usable: number }>(FIND_ASKING, [clientId, askedBy]);
      if (asking === undefined) return 'missing';
      if (asking.suspendedAt !== null) return 'suspended';
      if (asking.usable >= maxUsable) return 'full';
      await run(ADD_KEY, keyParams(clientId, key));
      return 'added';
    });
  }

  recoverKey(
    clientId: string,
    key: NewApiKey,
    recovery: KeyRecovery,
  ): Promise<readonly string[] | 'changed' | 'suspended'> {
    const { passwordHash, maxUsable, sparedSince, revokedAt, unknownUseAt, maxRevokedKept } = recovery;
    const room = [clientId, revokedAt, maxUsable, sparedSince, unknownUseAt];
    return this.#database.transaction(async (run) => {
      const [verified] = await run<Suspendable>(FIND_VERIFIED, [clientId, passwordHash]);
      if (verified === undefined) return 'changed';
      if (verified.suspendedAt !== null) return 'suspended';
      const givingWay = await run<{ id: string }>(MAKE_ROOM, room);
      await run(ADD_KEY, keyParams(clientId, key));
      await run(FORGET_REVOKED_KEYS, [clientId, maxRevokedKept]);
      return givingWay.map(({ id }) => id);
    });
  }

  listKeys(clientId: string): Promise<ApiKey[]> {
    return this.#database.read<ApiKey>(LIST_KEYS, [clientId]);
  }

  findKeyVerifier(keyId: string): Promise<ApiKeyVerifier | null> {
    return this.#verifiers.find(keyId);
  }

  async findKeyVerifiers(keyIds: readonly string[]): Promise<ApiKeyVerifier[]> {
    if (keyIds.length === 0) return [];
    const keys = JSON.stringify(keyIds.map((keyId) => [keyId]));
    return (await this.#database.read<VerifierRow & Placed>(FIND_KEY, [keys])).map(toVerifier);
  }

  async revokeKey(
    clientId: string,
    keyId: string,
    revokedAt: string,
    maxRevokedKept: number,
    askedBy: string | null = null,
  ): Promise<'revoked' | 'missing' | 'last'> {
    return this.#database.transaction(async (run) => {
      await this.#assertMayAsk(run, clientId, askedBy);
      const [key] = await run<{ revokedAt: string | null }>(REVOKE_KEY, [clientId, keyId, revokedAt]);
      if (key === undefined) return 'missing';
      if (key.revokedAt === null) return 'last';
      await run(FORGET_REVOKED_KEYS, [clientId, maxRevokedKept]);
      return 'revoked';
    });
  }

  async recordKeyUses(uses: readonly ApiKeyUse[], now: string): Promise<void> {
    if (uses.length > 0) await this.#database.write(RECORD_USES, [JSON.stringify(uses), now]);
  }

  check(): Promise<void> {
    return this.#database.check();
  }

  /** @throws AppError `unauthenticated`, `forbidden`. */
  async #assertMayAsk(run: RunStatement, clientId: string, askedBy: string | null): Promise<void> {
    if (askedBy === null) return;
    const [asking] = await run<Suspendable>(FIND_ASKING, [clientId, askedBy]);
    if (asking === undefined) throw new AppError('unauthenticated');
    if (asking.suspendedAt !== null) throw accountSuspended();
  }
}

/** Whether a key of the client ?1, or null for the operator, lets anybody in still. */
function mayAsk(keyId: string): string {
  return `(${keyId} IS NULL OR EXISTS (
    SELECT 1 FROM api_keys WHERE id = ${keyId} AND client_id = ?1 AND revoked_at IS NULL
      AND (SELECT suspended_at FROM clients WHERE id = ?1) IS NULL))`;
}

function keyParams(clientId: string, key: NewApiKey): SqlValue[] {
  return [clientId, key.id, key.name, key.digest, key.lastFour, key.createdAt];
}

function toVerifier({ place: _, ...row }: VerifierRow & Placed): ApiKeyVerifier {
  return withTerms(row);
}

function toCredentials({ passwordHash, ...client }: CredentialsRow): ClientCredentials {
  return { client, passwordHash };
}
