import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { secretFingerprint } from '#src/adapters/crypto/derive-secrets.js';
import { loadSecret } from '#src/adapters/crypto/secret-file.js';
import { verifyDatabase } from '#src/adapters/sqlite/database/database-copy.js';
import type { StorageConfig } from '../config/read-storage-config.js';
import { decodeSecret, FINGERPRINT } from '../master-secret.js';

/** What a backup folder holds, whatever the database is called. */
export interface BackupFiles {
  readonly database: string;
  /** Not there when the secret is configured: then whoever configures it keeps it. */
  readonly secret: string;
}

export function backupFilesIn(folder: string): BackupFiles {
  const database = join(folder, 'fastwrap.db');
  return { database, secret: `${database}.secret` };
}

/** The absolute path of the database. @throws Error for one in memory. */
export function databaseFileOf({ database }: StorageConfig): string {
  if (database.kind === 'sqlite') return resolve(database.path);
  throw new Error('DATABASE_URL is memory: there is no database file.');
}

/**
 * That the files are whole, and belong to each other or to the configured secret.
 * @throws Error with a sentence that names the file.
 */
export async function verifyBackup(files: BackupFiles, configuredSecret: string | null): Promise<void> {
  if (!existsSync(files.database)) throw new Error(`There is no database ${files.database}.`);
  const fingerprint = await verifyDatabase(files.database, FINGERPRINT).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : 'unknown';
    throw new Error(`The database ${files.database} cannot be used: ${reason}.`, { cause: error });
  });
  const secret = configuredSecret === null ? await loadSecret(files.secret) : decodeSecret(configuredSecret);
  if (secret === null) throw new Error(`There is no secret ${files.secret}, and FASTWRAP_SECRET is not set.`);
  if (fingerprint === secretFingerprint(secret)) return;
  const whose = configuredSecret === null ? files.secret : 'FASTWRAP_SECRET';
  throw new Error(`The database ${files.database} was made with another secret than ${whose}.`);
}
