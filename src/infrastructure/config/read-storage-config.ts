import type { Config } from './config.js';
import { environmentSchema } from './environment-schema.js';
import { ConfigError } from './read-config.js';
import { toDatabase } from './sections/storage-section.js';

/** Where accounts are and what their secret is: all that backup and restore need to know. */
export type StorageConfig = Pick<Config, 'database' | 'secret'>;

const storageSchema = environmentSchema.pick({ DATABASE_URL: true, FASTWRAP_SECRET: true });

/**
 * As {@link readConfig} reads them, whatever is amiss with the other variables.
 * @throws ConfigError
 */
export function readStorageConfig(variables: Readonly<Record<string, string | undefined>>): StorageConfig {
  const { DATABASE_URL, FASTWRAP_SECRET } = variables;
  const parsed = storageSchema.safeParse({
    DATABASE_URL: DATABASE_URL || undefined,
    FASTWRAP_SECRET: FASTWRAP_SECRET || undefined,
  });
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
  }
  return {
    database: toDatabase(parsed.data.DATABASE_URL),
    secret: parsed.data.FASTWRAP_SECRET ?? null,
  };
}
