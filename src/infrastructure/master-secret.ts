import { randomBytes } from 'node:crypto';
import { secretFingerprint } from '#src/adapters/crypto/derive-secrets.js';
import { loadOrCreateSecret } from '#src/adapters/crypto/secret-file.js';

/** What every key digest and password hash of one database depends on. */
export type MasterSecret = Uint8Array;

/** A database that can keep the fingerprint of its secret. */
interface FingerprintStore {
  writeMetaOnce(key: string, value: string): Promise<string>;
}

/** For a store that ends with the process. */
export function randomSecret(configured: string | null): MasterSecret {
  return configured === null ? randomBytes(32) : Buffer.from(configured, 'utf8');
}

/**
 * The configured secret, or the one in the file beside the database, which is made when there is none.
 * @throws Error when the database was made with another one: with it no key and no password would be right.
 */
export async function secretOfDatabase(
  database: FingerprintStore,
  path: string,
  configured: string | null,
): Promise<MasterSecret> {
  const file = `${path}.secret`;
  const secret = configured === null ? await loadOrCreateSecret(file) : Buffer.from(configured, 'utf8');
  const fingerprint = secretFingerprint(secret);
  if ((await database.writeMetaOnce('secret_fingerprint', fingerprint)) !== fingerprint) {
    throw new Error(
      `The database ${path} was made with another secret: put back ${file}, or the FASTWRAP_SECRET that it was made with.`,
    );
  }
  return secret;
}
