import { ContainerModule } from 'inversify';
import { MemoryCharacterRepository } from '#src/adapters/memory/memory-character-repository.js';
import { MemoryClientRepository } from '#src/adapters/memory/memory-client-repository.js';
import { MemoryDatabase } from '#src/adapters/memory/memory-database.js';
import { MemoryManagedClientRepository } from '#src/adapters/memory/memory-managed-client-repository.js';
import { MemoryUsageRepository } from '#src/adapters/memory/memory-usage-repository.js';
import { SqliteCharacterRepository } from '#src/adapters/sqlite/sqlite-character-repository.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/sqlite-client-repository.js';
import { SqliteDatabase } from '#src/adapters/sqlite/sqlite-database.js';
import { SqliteManagedClientRepository } from '#src/adapters/sqlite/sqlite-managed-client-repository.js';
import { SqliteUsageRepository } from '#src/adapters/sqlite/sqlite-usage-repository.js';
import type { Logger } from '#src/application/ports/logger.js';
import type { DatabaseConfig } from '../config/config.js';
import type { Lifecycle } from '../lifecycle.js';
import { type MasterSecret, secretOfDatabase, secretOfProcess } from '../master-secret.js';
import { CHARACTERS, CLIENTS, MANAGED_CLIENTS, USAGE_REPOSITORY } from '../tokens.js';

interface OpenedPersistence {
  readonly module: ContainerModule;
  /** The secret that the stored keys and passwords were made with. */
  readonly secret: MasterSecret;
}

/** Clients, keys, characters and usage, where the configuration wants them. */
export async function openPersistence(
  config: DatabaseConfig,
  configuredSecret: string | null,
  lifecycle: Lifecycle,
  logger: Logger,
): Promise<OpenedPersistence> {
  switch (config.kind) {
    case 'memory': {
      const database = new MemoryDatabase();
      const module = new ContainerModule(({ bind }) => {
        bind(CLIENTS).toConstantValue(new MemoryClientRepository(database));
        bind(MANAGED_CLIENTS).toConstantValue(new MemoryManagedClientRepository(database));
        bind(CHARACTERS).toConstantValue(new MemoryCharacterRepository(database));
        bind(USAGE_REPOSITORY).toConstantValue(new MemoryUsageRepository(database));
      });
      return { module, secret: secretOfProcess(configuredSecret) };
    }
    case 'sqlite': {
      const database = await SqliteDatabase.open(config.path, { logger });
      lifecycle.own('database', () => database.close());
      const module = new ContainerModule(({ bind }) => {
        bind(CLIENTS).toConstantValue(new SqliteClientRepository(database));
        bind(MANAGED_CLIENTS).toConstantValue(new SqliteManagedClientRepository(database));
        bind(CHARACTERS).toConstantValue(new SqliteCharacterRepository(database));
        bind(USAGE_REPOSITORY).toConstantValue(new SqliteUsageRepository(database));
      });
      return { module, secret: await secretOfDatabase(database, config.path, configuredSecret) };
    }
  }
}
