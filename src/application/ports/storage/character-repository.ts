import type { Character, CharacterTraits } from '#src/domain/characters/character.js';

export interface CharacterPage {
  /** Newest first. */
  readonly characters: readonly Character[];
  /** Where the next page begins, or null at the end. */
  readonly nextBefore: string | null;
}

/**
 * Characters of one client at a time. Every method rejects with AppError `database_unavailable` when the store cannot answer.
 * What is returned is the caller's own: changing it changes nothing stored.
 */
export interface CharacterRepository {
  /**
   * In one step, so that parallel callers never pass the bound.
   * @param maxCharacters of this client, at least 1.
   * @returns `missing` when the client is gone; `full` when it has that many or more, and then nothing is stored.
   */
  create(
    clientId: string,
    character: Character,
    maxCharacters: number,
  ): Promise<'created' | 'missing' | 'full'>;
  find(clientId: string, characterId: string): Promise<Character | null>;
  /**
   * Newest first (ids are made in ascending order).
   * @param limit 1 to 100.
   * @param before an id: only what was made before it, whether or not it still exists.
   */
  list(clientId: string, limit: number, before: string | null): Promise<CharacterPage>;
  /** Changes the named traits alone, in one step. @returns the character afterwards, or null when there is none. */
  update(
    clientId: string,
    characterId: string,
    changes: Partial<CharacterTraits>,
    updatedAt: string,
  ): Promise<Character | null>;
  /** When it resolves, no process finds it any more. @returns false when there was none. */
  delete(clientId: string, characterId: string): Promise<boolean>;
}
