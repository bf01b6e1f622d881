import { randomBytes } from 'node:crypto';
import { secretFingerprint } from '#src/adapters/crypto/derive-secrets.js';
import { loadOrCreateSecret, loadSecret } from '#src/adapters/crypto/secret-file.js';

/** What every key digest and password hash of one database depends on. */
export type MasterSecret = Uint8Array;

/** A database that can keep the fingerprint of its secret. */
interface FingerprintStore {
  readMeta(key: string): Promise<string | null>;
  writeMetaOnce(key: string, value: string): Promise<string>;
}

/** The fact of a database that says which secret it was made with. */
export const FINGERPRINT = 'secret_fingerprint';

/** For a store that ends with the process. */
export function secretOfProcess(configured: string | null): MasterSecret {
  return configured === null ? randomBytes(32) : decodeSecret(configured);
}

/**
 * The configured secret, or the one in the file beside the database, which is made for a database that has none yet.
 * @throws Error when the database was made with another one: with it no key and no password would be right.
 */
export async function secretOfDatabase(
  database: FingerprintStore,
  path: string,
  configured: string | null,
): Promise<MasterSecret> {
  const file = `${path}.secret`;
  const isNew = (await database.readMeta(FINGERPRINT)) === null;
  const kept = () => (isNew ? loadOrCreateSecret(file) : loadSecret(file));
  const secret = configured === null ? await kept() : decodeSecret(configured);
  if (secret !== null) {
    const fingerprint = secretFingerprint(secret);
    if ((await database.writeMetaOnce(FINGERPRINT, fingerprint)) === fingerprint) return secret;
  }
  throw new Error(
    `The database ${path} was made with another secret: put back ${file}, or the FASTWRAP_SECRET that it was made with.`,
  );
}

/** The text of a secret file means the same secret here. */
export function decodeSecret(text: string): MasterSecret {
  return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'utf8');
}
