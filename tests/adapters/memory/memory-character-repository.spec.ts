import { MemoryCharacterRepository } from '#src/adapters/memory/memory-character-repository.js';
import { MemoryClientRepository } from '#src/adapters/memory/memory-client-repository.js';
import { MemoryDatabase, type MemoryDatabaseOptions } from '#src/adapters/memory/memory-database.js';
import { itStoresCharacters } from '#tests/contracts/character-repository.contract.js';
import type { Storage } from '#tests/contracts/client-repository.contract.js';

itStoresCharacters({
  name: 'memory',
  create: () => open(),
  outages: [],
  createSmall: () => open({ maxClients: 1, maxCharacters: 1 }),
});

async function open(options?: MemoryDatabaseOptions): Promise<Storage> {
  const database = new MemoryDatabase(options);
  return {
    clients: new MemoryClientRepository(database),
    characters: new MemoryCharacterRepository(database),
    close: async () => {},
  };
}
