import type { Timestamp, Uuid } from '#src/adapters/http/openapi/scalars.js';
import type { Label } from './client-dto.js';

/** A key without its secret. */
export interface ApiKey {
  id: Uuid;
  /** @example "till in Porto" */
  name: string | null;
  /**
   * The last four characters of the secret part, to tell keys apart.
   * @example "bxYX"
   */
  lastFour: string;
  createdAt: Timestamp;
  /** Accurate to a minute or so; null until the first use. */
  lastUsedAt: Timestamp | null;
  revokedAt: Timestamp | null;
}

export interface ApiKeyList {
  /** Oldest first, revoked ones too. */
  data: ApiKey[];
}

/** A key at the one moment that it is shown. */
export interface IssuedApiKey {
  id: Uuid;
  /** @example "till in Porto" */
  name: string | null;
  /** @example "fw_01a205ee554f74ffaa7066f1342ce4ed_only-shown-this-once" */
  apiKey: string;
  createdAt: Timestamp;
}

export interface ApiKeyInput {
  name?: Label;
}
