import type {
  ManagedClientChanges,
  ManagedClientPage,
  ManagedClientRepository,
} from '#src/application/ports/storage/managed-client-repository.js';
import { type Client, emailLookup } from '#src/domain/clients/client.js';
import type { ManagedClient } from '#src/domain/clients/managed-client.js';
import type { SqliteDatabase } from '../database/sqlite-database.js';
import { TERMS_COLUMNS, type TermsRow, withTerms } from './client-terms-columns.js';

const MANAGED = `id, email, store_name AS storeName, created_at AS createdAt, ${TERMS_COLUMNS}`;

const FIND = `SELECT ${MANAGED} FROM clients WHERE id = ?`;

const FIND_BY_EMAIL = `SELECT ${MANAGED} FROM clients WHERE email_lookup = ?`;

const LIST = `SELECT ${MANAGED} FROM clients ORDER BY id DESC LIMIT ?`;

const LIST_BEFORE = `SELECT ${MANAGED} FROM clients WHERE id < ? ORDER BY id DESC LIMIT ?`;

const UPDATE = `
  UPDATE clients SET
    suspended_at = iif(?2, iif(?3 IS NULL, NULL, coalesce(suspended_at, ?3)), suspended_at),
    chat_per_minute = iif(?4, ?5, chat_per_minute), requests_per_minute = iif(?6, ?7, requests_per_minute),
    concurrent_turns = iif(?8, ?9, concurrent_turns), budget_tokens_per_day = iif(?10, ?11, budget_tokens_per_day)
  WHERE id = ?1 RETURNING ${MANAGED}`;

type ManagedRow = Client & TermsRow & Pick<ManagedClient, 'suspendedAt'>;

export class SqliteManagedClientRepository implements ManagedClientRepository {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  find(clientId: string): Promise<ManagedClient | null> {
    return this.#findOne(FIND, clientId);
  }

  findByEmail(email: string): Promise<ManagedClient | null> {
    return this.#findOne(FIND_BY_EMAIL, emailLookup(email));
  }

  async list(limit: number, before: string | null): Promise<ManagedClientPage> {
    const found =
      before === null
        ? await this.#database.report<ManagedRow>(LIST, [limit + 1])
        : await this.#database.report<ManagedRow>(LIST_BEFORE, [before, limit + 1]);
    const clients = found.slice(0, limit).map(withTerms);
    return { clients, nextBefore: found.length > limit ? (clients.at(-1)?.id ?? null) : null };
  }

  async update(clientId: string, changes: ManagedClientChanges): Promise<ManagedClient | null> {
    const { suspendedAt, limits = {}, budgetTokensPerDay } = changes;
    const [row] = await this.#database.write<ManagedRow>(UPDATE, [
      clientId,
      ...change(suspendedAt),
      ...change(limits.chatPerMinute),
      ...change(limits.requestsPerMinute),
      ...change(limits.concurrentTurns),
      ...change(budgetTokensPerDay),
    ]);
    return row === undefined ? null : withTerms(row);
  }

  async #findOne(sql: string, name: string): Promise<ManagedClient | null> {
    const [row] = await this.#database.read<ManagedRow>(sql, [name]);
    return row === undefined ? null : withTerms(row);
  }
}

/** Whether a column changes, and to what. */
function change<T extends string | number>(value: T | null | undefined): [0 | 1, T | null] {
  return value === undefined ? [0, null] : [1, value];
}
