import { existsSync, readdirSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { copyDatabase } from '#src/adapters/sqlite/database/database-copy.js';
import { DatabaseLock } from '#src/adapters/sqlite/database/database-lock.js';
import type { StorageConfig } from '../config/read-storage-config.js';
import { type BackupFiles, backupFilesIn, databaseFileOf, verifyBackup } from './backup-files.js';
import { copyDurably, renameDurably, sync } from './durable-files.js';
import { PartialBackup } from './partial-backup.js';

/**
 * Copies database and secret into a new folder, also while the service runs. The folder is there when both are whole, on
 * the disk and belong together, and not before. What earlier ones that were killed have left beside it is removed.
 * @param target must not be there yet, or be empty.
 * @returns a sentence for the operator.
 * @throws Error with a sentence for the operator.
 */
export async function backUp(config: StorageConfig, target: string): Promise<string> {
  const file = databaseFileOf(config);
  const folder = resolve(target);
  if (!existsSync(file)) throw new Error(`There is no database ${file}.`);
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Error(`${folder} is not empty.`);
  const lock = await DatabaseLock.take(file, 'shared');
  if (lock === null) throw new Error(`The database ${file} is being restored.`);
  const kept: string[] = [];
  let left: string[];
  try {
    kept.push(...(await PartialBackup.removeAbandoned(dirname(folder))));
    left = await fillAndRename(folder, file, config.secret);
  } finally {
    // A lock that is not given back ends with the process, and says nothing about the backup.
    await lock.release().catch(() => undefined);
  }
  const secret = config.secret === null ? '' : ' The secret is not in it: keep FASTWRAP_SECRET as well.';
  const abandoned = kept.map((path) => ` What a killed backup left in ${path} cannot be removed.`).join('');
  return `The backup is in ${folder}.${secret}${abandoned}${sentencesOf(left)}`;
}

/**
 * @returns the paths of what cannot be removed behind it.
 * @throws what kept it from being made, whatever is left of it.
 */
async function fillAndRename(
  folder: string,
  file: string,
  configuredSecret: string | null,
): Promise<string[]> {
  const partial = await PartialBackup.make(folder);
  try {
    await fill(backupFilesIn(partial.folder), file, configuredSecret);
    await sync(partial.folder);
    await renameDurably(partial.folder, folder);
  } catch (error) {
    const left = sentencesOf(await partial.end());
    if (left === '') throw error;
    const reason = error instanceof Error ? error.message : 'The backup failed.';
    throw new Error(`${reason}${left}`, { cause: error });
  }
  return partial.end();
}

function sentencesOf(left: readonly string[]): string {
  return left.map((path) => ` ${path} is left and can be removed by hand.`).join('');
}

async function fill(files: BackupFiles, file: string, configuredSecret: string | null): Promise<void> {
  await copyDatabase(file, files.database).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : 'unknown';
    throw new Error(`The database ${file} cannot be copied to ${files.database}: ${reason}.`, {
      cause: error,
    });
  });
  await sync(files.database);
  const secretFile = `${file}.secret`;
  if (configuredSecret === null && existsSync(secretFile)) {
    await copyDurably(secretFile, files.secret);
    await chmod(files.secret, 0o600);
  }
  await verifyBackup(files, configuredSecret);
}
