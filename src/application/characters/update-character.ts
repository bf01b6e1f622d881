import type { Character, CharacterTraits } from '#src/domain/characters/character.js';
import { AppError, invalidFields } from '#src/domain/errors.js';
import { assertModelAllowed, type ModelPolicy } from '#src/domain/models/model-policy.js';
import type { CharacterRepository } from '../ports/storage/character-repository.js';
import { type Clock, isoTime } from '../ports/system/clock.js';

interface Dependencies {
  readonly characters: CharacterRepository;
  readonly modelPolicy: ModelPolicy;
  readonly clock: Clock;
}

export interface UpdateCharacterInput {
  readonly clientId: string;
  readonly characterId: string;
  /** Absent: stays. Null: cleared. */
  readonly changes: Partial<CharacterTraits>;
}

export class UpdateCharacter {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute({ clientId, characterId, changes }: UpdateCharacterInput): Promise<Character> {
    const { characters, modelPolicy, clock } = this.#deps;
    if (Object.keys(changes).length === 0) {
      throw invalidFields({ field: 'body', message: 'must change at least one field' });
    }
    assertModelAllowed(modelPolicy, changes);
    const character = await characters.update(clientId, characterId, changes, isoTime(clock.now()));
    if (character === null) throw new AppError('character_not_found');
    return character;
  }
}
