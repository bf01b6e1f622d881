import type { NewApiKey } from '#src/application/ports/storage/client-repository.js';
import type { Character } from '#src/domain/characters/character.js';
import { type Client, emailLookup } from '#src/domain/clients/client.js';
import { type ClientTerms, STANDARD_TERMS } from '#src/domain/clients/client-terms.js';
import { AppError } from '#src/domain/errors.js';

export interface MemoryDatabaseOptions {
  /** 100,000 when absent. */
  readonly maxClients?: number;
  /** Of all clients together. 100,000 when absent. */
  readonly maxCharacters?: number;
}

export interface StoredKey extends NewApiKey {
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** What one client has. Values are replaced, never changed. */
export interface StoredClient {
  client: Client;
  passwordHash: string;
  terms: ClientTerms;
  suspendedAt: string | null;
  readonly keys: Map<string, StoredKey>;
  readonly characters: Map<string, Character>;
  /** In ascending order. */
  readonly characterIds: string[];
}

/** What the memory repositories share, so that an account goes with all it has. It lives as long as its process. */
export class MemoryDatabase {
  readonly #clients = new Map<string, StoredClient>();
  readonly #clientIdsByEmail = new Map<string, string>();
  readonly #clientIdsByKey = new Map<string, string>();
  readonly #maxClients: number;
  readonly #maxCharacters: number;
  /** In ascending order. */
  readonly #clientIds: string[] = [];
  #characterCount = 0;

  constructor(options: MemoryDatabaseOptions = {}) {
    this.#maxClients = options.maxClients ?? 100_000;
    this.#maxCharacters = options.maxCharacters ?? 100_000;
  }

  client(clientId: string): StoredClient | undefined {
    return this.#clients.get(clientId);
  }

  /** In ascending order of their ids. */
  get clientIds(): readonly string[] {
    return this.#clientIds;
  }

  clientByEmail(email: string): StoredClient | undefined {
    return this.#clients.get(this.#clientIdsByEmail.get(emailLookup(email)) ?? '');
  }

  clientByKey(keyId: string): StoredClient | undefined {
    return this.#clients.get(this.#clientIdsByKey.get(keyId) ?? '');
  }

  /** @throws AppError `email_taken`; `overloaded` when it is full. */
  addClient(client: Client, passwordHash: string, firstKey: StoredKey): void {
    if (this.#clientIdsByEmail.has(emailLookup(client.email))) throw new AppError('email_taken');
    if (this.#clients.size >= this.#maxClients) throw full();
    const stored: StoredClient = {
      client,
      passwordHash,
      terms: STANDARD_TERMS,
      suspendedAt: null,
      keys: new Map(),
      characters: new Map(),
      characterIds: [],
    };
    this.addKey(stored, firstKey);
    this.#clients.set(client.id, stored);
    this.#clientIds.splice(countBelow(this.#clientIds, client.id), 0, client.id);
    this.#clientIdsByEmail.set(emailLookup(client.email), client.id);
  }

  /** @throws AppError `email_taken`. */
  replaceClient(stored: StoredClient, client: Client): void {
    const owner = this.clientByEmail(client.email);
    if (owner !== undefined && owner !== stored) throw new AppError('email_taken');
    this.#clientIdsByEmail.delete(emailLookup(stored.client.email));
    this.#clientIdsByEmail.set(emailLookup(client.email), client.id);
    stored.client = client;
  }

  deleteClient(clientId: string): boolean {
    const stored = this.#clients.get(clientId);
    if (stored === undefined) return false;
    this.#clients.delete(clientId);
    this.#clientIds.splice(countBelow(this.#clientIds, clientId), 1);
    this.#clientIdsByEmail.delete(emailLookup(stored.client.email));
    for (const keyId of stored.keys.keys()) this.#clientIdsByKey.delete(keyId);
    this.#characterCount -= stored.characters.size;
    return true;
  }

  addKey(stored: StoredClient, key: StoredKey): void {
    stored.keys.set(key.id, key);
    this.#clientIdsByKey.set(key.id, stored.client.id);
  }

  deleteKey(stored: StoredClient, keyId: string): void {
    stored.keys.delete(keyId);
    this.#clientIdsByKey.delete(keyId);
  }

  /** @throws AppError `overloaded` when it is full. */
  addCharacter(stored: StoredClient, character: Character): void {
    if (this.#characterCount >= this.#maxCharacters) throw full();
    stored.characters.set(character.id, character);
    stored.characterIds.splice(countBelow(stored.characterIds, character.id), 0, character.id);
    this.#characterCount += 1;
  }

  deleteCharacter(stored: StoredClient, characterId: string): boolean {
    if (!stored.characters.delete(characterId)) return false;
    stored.characterIds.splice(countBelow(stored.characterIds, characterId), 1);
    this.#characterCount -= 1;
    return true;
  }
}

/** Room is made by deletions alone, not by time. */
function full(): AppError {
  return new AppError('overloaded', { retryAfterSeconds: null });
}

export function copyTerms({ limits, budgetTokensPerDay }: ClientTerms): ClientTerms {
  return { limits: { ...limits }, budgetTokensPerDay };
}

/** How many of the ascending ids are less than `id`. */
export function countBelow(ids: readonly string[], id: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] ?? '') < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
