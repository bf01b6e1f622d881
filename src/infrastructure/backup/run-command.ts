import { loadEnvironment } from '../config/load-environment.js';
import { readStorageConfig, type StorageConfig } from '../config/read-storage-config.js';

/** Runs a command of the operator on one folder: one line on standard output, or one on standard error and exit code 1. */
export async function runCommand(
  name: string,
  command: (config: StorageConfig, folder: string) => Promise<string>,
): Promise<void> {
  try {
    const [folder, ...more] = process.argv.slice(2);
    if (folder === undefined || more.length > 0)
      throw new Error(`Say which folder: npm run ${name} -- <folder>`);
    process.stdout.write(`${await command(readStorageConfig(loadEnvironment()), folder)}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason';
    process.stderr.write(`The ${name} failed. ${reason}\n`);
    process.exitCode = 1;
  }
}
