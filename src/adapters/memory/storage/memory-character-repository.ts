import type {
  CharacterPage,
  CharacterRepository,
} from '#src/application/ports/storage/character-repository.js';
import type { Character, CharacterTraits } from '#src/domain/characters/character.js';
import { countBelow, type MemoryDatabase } from './memory-database.js';

/** Answers always; a full {@link MemoryDatabase} rejects what would add to it with AppError `overloaded`. */
export class MemoryCharacterRepository implements CharacterRepository {
  readonly #database: MemoryDatabase;

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  async create(
    clientId: string,
    character: Character,
    maxCharacters: number,
  ): Promise<'created' | 'missing' | 'full'> {
    const stored = this.#database.client(clientId);
    if (stored === undefined) return 'missing';
    if (stored.characters.size >= maxCharacters) return 'full';
    this.#database.addCharacter(stored, { ...character });
    return 'created';
  }

  async find(clientId: string, characterId: string): Promise<Character | null> {
    const character = this.#database.client(clientId)?.characters.get(characterId);
    return character === undefined ? null : { ...character };
  }

  async list(clientId: string, limit: number, before: string | null): Promise<CharacterPage> {
    const stored = this.#database.client(clientId);
    if (stored === undefined) return { characters: [], nextBefore: null };
    const ids = stored.characterIds;
    const end = before === null ? ids.length : countBelow(ids, before);
    const start = Math.max(0, end - limit);
    const characters = ids
      .slice(start, end)
      .reverse()
      .flatMap((id) => stored.characters.get(id) ?? [])
      .map((character) => ({ ...character }));
    return { characters, nextBefore: start > 0 ? (characters.at(-1)?.id ?? null) : null };
  }

  async update(
    clientId: string,
    characterId: string,
    changes: Partial<CharacterTraits>,
    updatedAt: string,
  ): Promise<Character | null> {
    const characters = this.#database.client(clientId)?.characters;
    const character = characters?.get(characterId);
    if (characters === undefined || character === undefined) return null;
    const { name, instructions, greeting, model, temperature, maxOutputTokens, ttlSeconds } = changes;
    const changed: Character = {
      ...character,
      name: name ?? character.name,
      instructions: instructions ?? character.instructions,
      greeting: greeting === undefined ? character.greeting : greeting,
      model: model === undefined ? character.model : model,
      temperature: temperature === undefined ? character.temperature : temperature,
      maxOutputTokens: maxOutputTokens === undefined ? character.maxOutputTokens : maxOutputTokens,
      ttlSeconds: ttlSeconds ?? character.ttlSeconds,
      updatedAt,
    };
    characters.set(characterId, changed);
    return { ...changed };
  }

  async delete(clientId: string, characterId: string): Promise<boolean> {
    const stored = this.#database.client(clientId);
    return stored !== undefined && this.#database.deleteCharacter(stored, characterId);
  }
}
