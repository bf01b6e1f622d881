import { AppError } from '#src/domain/errors.js';
import type { ConversationCache } from '../ports/chat/conversation-cache.js';
import type { CharacterRepository } from '../ports/storage/character-repository.js';

interface Dependencies {
  readonly characters: CharacterRepository;
  readonly conversations: ConversationCache;
}

/**
 * Ends a character, and with it its conversations and the turns that run in them: once before, so that a store that cannot
 * be reached leaves the character to be deleted again, and once behind it, for the turns that began meanwhile.
 */
export class DeleteCharacter {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute({ clientId, characterId }: { clientId: string; characterId: string }): Promise<void> {
    const { characters, conversations } = this.#deps;
    await conversations.deleteByCharacter(clientId, characterId);
    const deleted = await characters.delete(clientId, characterId);
    await conversations.deleteByCharacter(clientId, characterId);
    if (!deleted) throw new AppError('character_not_found');
  }
}
