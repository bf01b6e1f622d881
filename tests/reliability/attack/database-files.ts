import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The database, what SQLite keeps beside it, and whatever else lies in its folder; the secret aside. */
export function readDatabaseFiles(folder: string): Buffer {
  const data = join(folder, 'data');
  const names = existsSync(data) ? readdirSync(data) : [];
  return Buffer.concat(
    names.filter((name) => !name.endsWith('.secret')).map((name) => readFileSync(join(data, name))),
  );
}

/** The names of those that stand in the bytes, as they are. */
export function traces(bytes: Buffer, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => bytes.includes(secret))
    .map(([name]) => name);
}
