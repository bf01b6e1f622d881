import { accessSync, closeSync, constants, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { makePrivateFolder } from './make-private-folder.js';

/**
 * The file for SQLite to open: its folder (mode 0700) and itself (0600) where they are missing.
 * @param file an absolute path.
 * @throws Error that names what cannot be made, or may not be read and written.
 */
export function prepareFile(file: string): void {
  makePrivateFolder(dirname(file));
  createPrivately(file);
  assertAccess(file);
}

/**
 * SQLite would take the umask's mode; its side files follow the file's. An existing file is not touched: closing any
 * descriptor of it would drop this process's locks on it (sqlite.org/howtocorrupt.html, 2.2).
 */
function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** SQLite opens what it may not write for reading, and its complaint would name neither the file nor its side files. */
function assertAccess(file: string): void {
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
  }
}
