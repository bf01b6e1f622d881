import {
  type Character,
  type CharacterTraits,
  DEFAULT_TTL_SECONDS,
  MAX_CHARACTERS,
} from '#src/domain/characters/character.js';
import { AppError } from '#src/domain/errors.js';
import { assertModelAllowed, type ModelPolicy } from '#src/domain/models/model-policy.js';
import type { CharacterRepository } from '../ports/storage/character-repository.js';
import { type Clock, isoTime } from '../ports/system/clock.js';
import type { IdGenerator } from '../ports/system/id-generator.js';

interface Dependencies {
  readonly characters: CharacterRepository;
  readonly modelPolicy: ModelPolicy;
  readonly ids: IdGenerator;
  readonly clock: Clock;
}

export interface CreateCharacterInput {
  readonly clientId: string;
  readonly traits: Pick<CharacterTraits, 'name' | 'instructions'> & Partial<CharacterTraits>;
}

export class CreateCharacter {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute({ clientId, traits }: CreateCharacterInput): Promise<Character> {
    const { characters, modelPolicy, ids, clock } = this.#deps;
    assertModelAllowed(modelPolicy, traits);
    const now = isoTime(clock.now());
    const character: Character = {
      id: ids.next(),
      name: traits.name,
      instructions: traits.instructions,
      greeting: traits.greeting ?? null,
      model: traits.model ?? null,
      temperature: traits.temperature ?? null,
      maxOutputTokens: traits.maxOutputTokens ?? null,
      ttlSeconds: traits.ttlSeconds ?? DEFAULT_TTL_SECONDS,
      createdAt: now,
      updatedAt: now,
    };
    const result = await characters.create(clientId, character, MAX_CHARACTERS);
    if (result === 'missing') throw new AppError('unauthenticated');
    if (result === 'full') throw new AppError('too_many_characters');
    return character;
  }
}
