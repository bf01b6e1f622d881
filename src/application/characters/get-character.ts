import type { Character } from '#src/domain/characters/character.js';
import { AppError } from '#src/domain/errors.js';
import type { CharacterRepository } from '../ports/storage/character-repository.js';

interface Dependencies {
  readonly characters: CharacterRepository;
}

export class GetCharacter {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute(input: { clientId: string; characterId: string }): Promise<Character> {
    const character = await this.#deps.characters.find(input.clientId, input.characterId);
    if (character === null) throw new AppError('character_not_found');
    return character;
  }
}
