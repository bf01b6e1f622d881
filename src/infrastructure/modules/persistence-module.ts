import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ContainerModule } from 'inversify';
import { MemoryCharacterRepository } from '#src/adapters/memory/storage/memory-character-repository.js';
import { MemoryClientRepository } from '#src/adapters/memory/storage/memory-client-repository.js';
import { MemoryDatabase } from '#src/adapters/memory/storage/memory-database.js';
import { MemoryManagedClientRepository } from '#src/adapters/memory/storage/memory-managed-client-repository.js';
import { MemoryUsageRepository } from '#src/adapters/memory/storage/memory-usage-repository.js';
import { DatabaseLock } from '#src/adapters/sqlite/database/database-lock.js';
import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';
import { SqliteCharacterRepository } from '#src/adapters/sqlite/repositories/sqlite-character-repository.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/repositories/sqlite-client-repository.js';
import { SqliteManagedClientRepository } from '#src/adapters/sqlite/repositories/sqlite-managed-client-repository.js';
import { SqliteUsageRepository } from '#src/adapters/sqlite/repositories/sqlite-usage-repository.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import type { DatabaseConfig } from '../config/config.js';
import { interruptedRestoreOf } from '../interrupted-restore.js';
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
      await takeLock(resolve(config.path), lifecycle);
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

/** Against a restore, for as long as the process lives. @throws Error with a sentence for the operator. */
async function takeLock(file: string, lifecycle: Lifecycle): Promise<void> {
  const lock = await DatabaseLock.take(file, 'shared').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : 'unknown';
    throw new Error(`The database ${file} cannot be opened: ${reason}.`, { cause: error });
  });
  if (lock === null) throw new Error(`The database ${file} is being restored: start again afterwards.`);
  lifecycle.own('database lock', () => lock.release());
  if (existsSync(interruptedRestoreOf(file))) {
    throw new Error(`A restore of the database ${file} was cut off: run it again, then start.`);
  }
}
