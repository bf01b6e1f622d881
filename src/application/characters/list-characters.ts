import type { CharacterPage, CharacterRepository } from '../ports/storage/character-repository.js';

interface Dependencies {
  readonly characters: CharacterRepository;
}

export interface ListCharactersInput {
  readonly clientId: string;
  /** 1 to 100. */
  readonly limit: number;
  /** Where an earlier page ended. */
  readonly before: string | null;
}

export class ListCharacters {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  execute({ clientId, limit, before }: ListCharactersInput): Promise<CharacterPage> {
    return this.#deps.characters.list(clientId, limit, before);
  }
}
