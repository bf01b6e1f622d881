import { hkdfSync } from 'node:crypto';

/** What one master secret is stretched into (HKDF-SHA-256, RFC 5869), so that no two uses share a key. 32 bytes each. */
export interface DerivedSecrets {
  readonly apiKeys: Uint8Array;
  readonly passwordPepper: Uint8Array;
}

function derive(master: Uint8Array, use: string, bytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', master, new Uint8Array(), `fastwrap/${use}/v1`, bytes));
}

/** @param master at least 32 random bytes. */
export function deriveSecrets(master: Uint8Array): DerivedSecrets {
  return {
    apiKeys: derive(master, 'api-keys', 32),
    passwordPepper: derive(master, 'password-pepper', 32),
  };
}

/** Sixteen hex digits that distinguish masters and give nothing of it away: may be stored and logged. */
export function secretFingerprint(master: Uint8Array): string {
  return Buffer.from(derive(master, 'fingerprint', 8)).toString('hex');
}
