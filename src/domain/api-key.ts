/** What may be shown of a key after its making. */
export interface ApiKey {
  readonly id: string;
  readonly name: string | null;
  /** The last four characters of the secret part, to tell keys apart. */
  readonly lastFour: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Accurate to a minute; null until the first use. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** What is needed to check a presented key. */
export interface ApiKeyVerifier {
  readonly keyId: string;
  readonly clientId: string;
  /** HMAC-SHA-256 of the whole key, 32 bytes. */
  readonly digest: Uint8Array;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}
