import { randomUUID } from 'node:crypto';
import { chmod, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseLock } from '#src/adapters/sqlite/database/database-lock.js';
import type { StorageConfig } from '../config/read-storage-config.js';
import { interruptedRestoreOf } from '../interrupted-restore.js';
import { type BackupFiles, backupFilesIn, databaseFileOf, verifyBackup } from './backup-files.js';
import { copyDurably, renameDurably, sync } from './durable-files.js';

/**
 * Puts database and secret of a backup in the place of what is there. What is there is not touched before the backup has
 * been verified and copied; from then on until the end the service refuses to start, and a restore that was cut off is
 * run again.
 * @returns a sentence for the operator.
 * @throws Error with a sentence for the operator.
 */
export async function restore(config: StorageConfig, source: string): Promise<string> {
  const file = databaseFileOf(config);
  const backup = backupFilesIn(resolve(source));
  await verifyBackup(backup, config.secret);
  const lock = await DatabaseLock.take(file, 'alone');
  if (lock === null) {
    throw new Error(`The database ${file} is in use: stop the service, or wait for the backup, first.`);
  }
  try {
    await removeIncoming(file);
    await replace(file, backup, config.secret);
  } finally {
    await lock.release();
  }
  return `The database ${file} is that of ${resolve(source)}.`;
}

async function replace(file: string, backup: BackupFiles, configuredSecret: string | null): Promise<void> {
  const incoming = `${file}.incoming-${randomUUID()}`;
  const secret = `${incoming}.secret`;
  try {
    await copyPrivately(backup.database, incoming);
    if (configuredSecret === null) await copyPrivately(backup.secret, secret);
    await verifyBackup({ database: incoming, secret }, configuredSecret);
    await renameDurably(incoming, interruptedRestoreOf(file));
    if (configuredSecret === null) await renameDurably(secret, `${file}.secret`);
    // They belong to the database that goes, and SQLite would play them into the one that comes.
    for (const suffix of ['-wal', '-shm', '-journal']) await rm(file + suffix, { force: true });
    await sync(dirname(file));
    await renameDurably(interruptedRestoreOf(file), file);
  } finally {
    for (const left of [incoming, secret]) await rm(left, { force: true });
  }
}

/** What restores that were killed have left: whoever has the database alone knows that none of them runs. */
async function removeIncoming(file: string): Promise<void> {
  const names = (await readdir(dirname(file))).filter((name) =>
    name.startsWith(`${basename(file)}.incoming-`),
  );
  for (const name of names) await rm(join(dirname(file), name));
}

async function copyPrivately(from: string, to: string): Promise<void> {
  await copyDurably(from, to);
  await chmod(to, 0o600);
}
