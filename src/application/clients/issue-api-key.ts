import type { ApiKeyMint } from '../ports/access/api-key-mint.js';
import type { NewApiKey } from '../ports/storage/client-repository.js';
import { type Clock, isoTime } from '../ports/system/clock.js';
import type { IdGenerator } from '../ports/system/id-generator.js';

export interface ApiKeyIssuers {
  readonly apiKeys: ApiKeyMint;
  readonly ids: IdGenerator;
  readonly clock: Clock;
}

/** What the owner of a new key is shown, once. */
export interface IssuedApiKey {
  readonly id: string;
  readonly name: string | null;
  readonly apiKey: string;
  readonly createdAt: string;
}

/** A new key in its two forms: the one to store and the one to show. */
export function issueApiKey(
  { apiKeys, ids, clock }: ApiKeyIssuers,
  name: string | null,
): { stored: NewApiKey; issued: IssuedApiKey } {
  const id = ids.next();
  const createdAt = isoTime(clock.now());
  const minted = apiKeys.mint(id);
  return {
    stored: { id, name, digest: minted.digest, lastFour: minted.lastFour, createdAt },
    issued: { id, name, apiKey: minted.text, createdAt },
  };
}
