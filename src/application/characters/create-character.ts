import type { CharacterRepository } from '#src/application/ports/character-repository.js';
import { type Clock, isoTime } from '#src/application/ports/clock.js';
import type { IdGenerator } from '#src/application/ports/id-generator.js';
import { AppError } from '#src/domain/app-error.js';
import {
  type Character,
  type CharacterTraits,
  DEFAULT_TTL_SECONDS,
  MOST_CHARACTERS,
} from '#src/domain/character.js';
import { assertModelAllowed, type ModelPolicy } from '#src/domain/model-policy.js';

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
  constructor(private readonly deps: Dependencies) {}

  async execute({ clientId, traits }: CreateCharacterInput): Promise<Character> {
    const { characters, modelPolicy, ids, clock } = this.deps;
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
    const result = await characters.create(clientId, character, MOST_CHARACTERS);
    if (result === 'missing') throw new AppError('unauthenticated');
    if (result === 'full') throw new AppError('too_many_characters');
    return character;
  }
}
