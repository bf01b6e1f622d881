import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseLock } from '#src/adapters/sqlite/database/database-lock.js';
import { makePrivateFolder } from '#src/adapters/sqlite/database/make-private-folder.js';

const NAME = /^(.+\.partial-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.lock)?$/;

/**
 * A folder that is not a backup yet. Its lock stands beside it, from before it is made until it is gone or renamed, and
 * ends with the process: a partial backup whose lock is free has no owner any more.
 */
export class PartialBackup {
  readonly #lock: DatabaseLock;

  private constructor(
    readonly folder: string,
    lock: DatabaseLock,
  ) {
    this.#lock = lock;
  }

  /** Makes one, mode 0700, beside the folder that it becomes. */
  static async make(folder: string): Promise<PartialBackup> {
    makePrivateFolder(dirname(folder));
    for (;;) {
      const partial = `${folder}.partial-${randomUUID()}`;
      const lock = await DatabaseLock.take(partial, 'alone');
      // Another backup may have taken the new lock for a forgotten one, and removed it.
      if (lock !== null && existsSync(`${partial}.lock`)) {
        const made = new PartialBackup(partial, lock);
        await mkdir(partial, { mode: 0o700 }).catch((error: unknown) =>
          made.end().then(() => Promise.reject(error)),
        );
        return made;
      }
      await lock?.release();
    }
  }

  /**
   * Removes what backups that were killed have left in a folder; those that run are left alone.
   * @returns the paths of what has no owner and cannot be removed.
   */
  static async removeAbandoned(parent: string): Promise<string[]> {
    const names = existsSync(parent) ? await readdir(parent) : [];
    const partials = new Set(names.flatMap((name) => NAME.exec(name)?.[1] ?? []));
    const kept: string[] = [];
    for (const partial of partials) {
      const path = join(parent, partial);
      await removeIfAbandoned(path).catch(() => kept.push(path));
    }
    return kept;
  }

  /**
   * Removes what has not been renamed, as far as it can be. Never rejects: by then it is known whether there is a backup.
   * @returns the paths of what may be left.
   */
  async end(): Promise<string[]> {
    const left: string[] = [];
    try {
      await remove(this.folder);
    } catch {
      left.push(...[this.folder, `${this.folder}.lock`].filter((path) => existsSync(path)));
    } finally {
      // Ends with the process at the latest.
      await this.#lock.release().catch(() => undefined);
    }
    return left;
  }
}

async function removeIfAbandoned(partial: string): Promise<void> {
  const lock = await DatabaseLock.take(partial, 'alone');
  if (lock === null) return;
  try {
    await remove(partial);
  } finally {
    await lock.release();
  }
}

/** The lock last: until then it is known whose the rest is. */
async function remove(partial: string): Promise<void> {
  await rm(partial, { recursive: true, force: true });
  await rm(`${partial}.lock`, { force: true });
}
