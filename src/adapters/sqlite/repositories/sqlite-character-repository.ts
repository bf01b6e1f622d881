import type {
  CharacterPage,
  CharacterRepository,
} from '#src/application/ports/storage/character-repository.js';
import type { Character, CharacterTraits } from '#src/domain/characters/character.js';
import type { SqliteDatabase } from '../database/sqlite-database.js';
import { BatchLoader } from './batch-loader.js';
import { RowCache } from './row-cache.js';

const CHARACTER = `characters.id AS id, name, instructions, greeting, model, temperature,
  max_output_tokens AS maxOutputTokens, ttl_seconds AS ttlSeconds, created_at AS createdAt, updated_at AS updatedAt`;

const CREATE = `
  INSERT INTO characters (id, client_id, name, instructions, greeting, model, temperature, max_output_tokens,
    ttl_seconds, created_at, updated_at)
  SELECT ?2, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 FROM clients
  WHERE id = ?1 AND (SELECT count(*) FROM characters WHERE client_id = ?1) < ?12
  RETURNING id`;

const FIND = `
  SELECT asked.key AS place, ${CHARACTER} FROM json_each(?) AS asked
  JOIN characters ON client_id = asked.value ->> 0 AND characters.id = asked.value ->> 1`;

const LIST = `SELECT ${CHARACTER} FROM characters WHERE client_id = ? ORDER BY id DESC LIMIT ?`;

const LIST_BEFORE = `SELECT ${CHARACTER} FROM characters WHERE client_id = ? AND id < ? ORDER BY id DESC LIMIT ?`;

const UPDATE = `
  UPDATE characters SET
    name = coalesce(?4, name), instructions = coalesce(?5, instructions), ttl_seconds = coalesce(?6, ttl_seconds),
    greeting = iif(?7, ?8, greeting), model = iif(?9, ?10, model), temperature = iif(?11, ?12, temperature),
    max_output_tokens = iif(?13, ?14, max_output_tokens), updated_at = ?3
  WHERE client_id = ?1 AND id = ?2 RETURNING ${CHARACTER}`;

/** Each is 18 kB at most. */
const MAX_KEPT = 2000;

export class SqliteCharacterRepository implements CharacterRepository {
  readonly #database: SqliteDatabase;
  readonly #characters: RowCache<Character>;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    const characters = new BatchLoader<Character, Character>({
      read: database.read,
      sql: FIND,
      toResult: ({ place: _, ...character }) => character,
    });
    this.#characters = new RowCache({
      version: database.version,
      read: (...key) => characters.find(...key),
      copyOf: (character) => ({ ...character }),
      maxRows: MAX_KEPT,
    });
  }

  async create(
    clientId: string,
    character: Character,
    maxCharacters: number,
  ): Promise<'created' | 'missing' | 'full'> {
    const created = await this.#database.write(CREATE, [
      clientId,
      character.id,
      character.name,
      character.instructions,
      character.greeting,
      character.model,
      character.temperature,
      character.maxOutputTokens,
      character.ttlSeconds,
      character.createdAt,
      character.updatedAt,
      maxCharacters,
    ]);
    if (created.length > 0) return 'created';
    const owners = await this.#database.read('SELECT 1 FROM clients WHERE id = ?', [clientId]);
    return owners.length > 0 ? 'full' : 'missing';
  }

  find(clientId: string, characterId: string): Promise<Character | null> {
    return this.#characters.find(clientId, characterId);
  }

  async list(clientId: string, limit: number, before: string | null): Promise<CharacterPage> {
    const found =
      before === null
        ? await this.#database.read<Character>(LIST, [clientId, limit + 1])
        : await this.#database.read<Character>(LIST_BEFORE, [clientId, before, limit + 1]);
    const characters = found.slice(0, limit);
    return { characters, nextBefore: found.length > limit ? (characters.at(-1)?.id ?? null) : null };
  }

  async update(
    clientId: string,
    characterId: string,
    changes: Partial<CharacterTraits>,
    updatedAt: string,
  ): Promise<Character | null> {
    const [character] = await this.#database.erase<Character>(UPDATE, [
      clientId,
      characterId,
      updatedAt,
      changes.name ?? null,
      changes.instructions ?? null,
      changes.ttlSeconds ?? null,
      ...change(changes.greeting),
      ...change(changes.model),
      ...change(changes.temperature),
      ...change(changes.maxOutputTokens),
    ]);
    return character ?? null;
  }

  async delete(clientId: string, characterId: string): Promise<boolean> {
    const deleted = await this.#database.erase(
      'DELETE FROM characters WHERE client_id = ? AND id = ? RETURNING id',
      [clientId, characterId],
    );
    if (deleted.length === 0) return false;
    await this.#database.version.visibleEverywhere();
    return true;
  }
}

/** Whether a trait that may be null changes, and to what. */
function change<T extends string | number>(value: T | null | undefined): [0 | 1, T | null] {
  return value === undefined ? [0, null] : [1, value];
}
