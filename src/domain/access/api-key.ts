import type { ClientTerms } from '../clients/client-terms.js';

/** Usable keys of one client, its first one included. */
export const MAX_USABLE_KEYS = 100;

/** How long a new key has to be put to use before it may give way to another, in milliseconds. */
export const FRESH_KEY_MS = 60_000;

/** How long ago a key counts as used whose time of use is in the future, written by a clock that was ahead; in milliseconds. */
export const UNKNOWN_USE_MS = 24 * 60 * 60 * 1000;

/** Revoked keys of one client: the newest stay for the list, older ones go when another is revoked. */
export const MAX_REVOKED_KEYS_KEPT = 100;

/** What may be shown of a key after its making. */
export interface ApiKey {
  readonly id: string;
  readonly name: string | null;
  /** The last four characters of the secret part, to distinguish keys. */
  readonly lastFour: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Accurate to a minute; null until the first use. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** What is needed to check a presented key, and what its client may do. */
export interface ApiKeyVerifier extends ClientTerms {
  readonly keyId: string;
  readonly clientId: string;
  /** HMAC-SHA-256 of the whole key, 32 bytes. */
  readonly digest: Uint8Array;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  /** Of its client. */
  readonly suspendedAt: string | null;
}
