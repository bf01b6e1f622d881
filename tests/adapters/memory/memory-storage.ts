import { MemoryCharacterRepository } from '#src/adapters/memory/memory-character-repository.js';
import { MemoryClientRepository } from '#src/adapters/memory/memory-client-repository.js';
import { MemoryDatabase, type MemoryDatabaseOptions } from '#src/adapters/memory/memory-database.js';
import { MemoryManagedClientRepository } from '#src/adapters/memory/memory-managed-client-repository.js';
import { MemoryUsageRepository } from '#src/adapters/memory/memory-usage-repository.js';
import type { Storage, StorageHarness } from '#tests/contracts/client-repository.contract.js';

export const memoryHarness: StorageHarness = {
  name: 'memory',
  create: () => open(),
  outages: [],
  createSmall: () => open({ maxClients: 1, maxCharacters: 1 }),
};

async function open(options?: MemoryDatabaseOptions): Promise<Storage> {
  const database = new MemoryDatabase(options);
  return {
    clients: new MemoryClientRepository(database),
    managed: new MemoryManagedClientRepository(database),
    characters: new MemoryCharacterRepository(database),
    usage: new MemoryUsageRepository(database),
    close: async () => {},
  };
}
