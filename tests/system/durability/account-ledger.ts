import { expect } from 'chai';
import { ApiClient, type ApiResponse } from '#tests/support/fixtures/api-client.js';

interface Character {
  readonly id: string;
  readonly name: string;
  readonly instructions: string;
  readonly updatedAt: string;
}

interface Key {
  readonly id: string;
  readonly name: string | null;
  readonly createdAt: string;
  readonly revoked: boolean;
}

/** What the service shows of an account. */
interface Found {
  readonly characters: Map<string, Character>;
  readonly keys: Map<string, Key>;
}

/** A write that was sent and not answered. Given what is there now, it says whether it was done, and notes it if so. */
type Unanswered = (found: Found) => boolean;

/** Everything that the service has acknowledged to one account, to be held against what it has afterwards. */
export class AccountLedger {
  readonly characters = new Map<string, Character>();
  readonly keys = new Map<string, Key>();
  /** Those of the keys above whose text was received. */
  readonly keyTexts = new Map<string, string>();
  /** `unsure`: its deletion was sent and not answered. */
  state: 'kept' | 'unsure' | 'deleted' = 'kept';
  acknowledged = 0;
  readonly #unanswered = new Set<Unanswered>();

  constructor(
    readonly client: Record<string, unknown>,
    readonly apiKey: string,
  ) {}

  get unansweredCount(): number {
    return this.#unanswered.size + (this.state === 'unsure' ? 1 : 0);
  }

  async createCharacter(url: string, name: string, instructions: string): Promise<void> {
    await this.#write(
      () => this.#api(url).post('/api/characters', { name, instructions, ttlSeconds: 60 }),
      201,
      (character) => this.characters.set(character.id, character),
      ({ characters }) => {
        const made = [...characters.values()].find((character) => character.name === name);
        if (made === undefined) return false;
        expect(made.instructions).to.equal(instructions);
        this.characters.set(made.id, made);
        return true;
      },
    );
  }

  async patchCharacter(url: string, id: string, name: string): Promise<void> {
    await this.#write(
      () => this.#api(url).patch(`/api/characters/${id}`, { name }),
      200,
      (character) => this.characters.set(id, character),
      ({ characters }) => {
        const before = this.characters.get(id);
        const after = characters.get(id);
        if (before === undefined || after?.name !== name) return false;
        this.characters.set(id, { ...before, name, updatedAt: after.updatedAt });
        return true;
      },
    );
  }

  async deleteCharacter(url: string, id: string): Promise<void> {
    await this.#write(
      () => this.#api(url).delete(`/api/characters/${id}`),
      204,
      () => this.characters.delete(id),
      ({ characters }) => !characters.has(id) && this.characters.delete(id),
    );
  }

  async createKey(url: string, name: string): Promise<void> {
    await this.#write(
      () => this.#api(url).post('/api/clients/me/keys', { name }),
      201,
      ({ id, createdAt, apiKey }) => {
        this.keys.set(id, { id, name, createdAt, revoked: false });
        this.keyTexts.set(id, apiKey);
      },
      ({ keys }) => {
        const made = [...keys.values()].find((key) => key.name === name);
        if (made !== undefined) this.keys.set(made.id, made);
        return made !== undefined;
      },
    );
  }

  async revokeKey(url: string, key: Key): Promise<void> {
    const note = () => this.keys.set(key.id, { ...key, revoked: true });
    await this.#write(
      () => this.#api(url).delete(`/api/clients/me/keys/${key.id}`),
      204,
      note,
      ({ keys }) => keys.get(key.id)?.revoked === true && note() !== undefined,
    );
  }

  async deleteAccount(url: string): Promise<void> {
    this.state = 'unsure';
    const response = await this.#api(url).delete('/api/clients/me');
    expect(response.status, response.text).to.equal(204);
    this.acknowledged += 1;
    this.state = 'deleted';
  }

  /**
   * Whatever was acknowledged is there and nothing else, but for writes that were sent and not answered.
   * @returns how many of those were done.
   */
  async check(url: string): Promise<number> {
    const me = await this.#api(url).get('/api/clients/me');
    if (me.status === 401 && this.state !== 'kept') {
      const wasUnsure = this.state === 'unsure';
      this.state = 'deleted';
      return wasUnsure ? 1 : 0;
    }
    expect(me.body).to.deep.equal(this.client);
    expect(this.state).not.to.equal('deleted');
    this.state = 'kept';
    const found = await this.#read(url);
    if (this.keys.size === 0)
      for (const [id, key] of found.keys) if (key.name === null) this.keys.set(id, key);
    const done = [...this.#unanswered].filter((settle) => settle(found)).length;
    this.#unanswered.clear();
    expect(found.characters).to.deep.equal(this.characters);
    expect(found.keys).to.deep.equal(this.keys);
    return done;
  }

  /** Keys let in exactly while they are not revoked. */
  async authenticate(url: string, ids: Iterable<string>): Promise<void> {
    for (const id of ids) {
      const text = this.keyTexts.get(id);
      if (text === undefined) continue;
      const isUsable = this.state !== 'deleted' && this.keys.get(id)?.revoked === false;
      const { status } = await new ApiClient(url, text).get('/api/clients/me');
      expect(status, `key ${id}`).to.equal(isUsable ? 200 : 401);
    }
  }

  #api(url: string): ApiClient {
    return new ApiClient(url, this.apiKey);
  }

  async #write(
    send: () => Promise<ApiResponse>,
    status: number,
    note: (body: ApiResponse['body']) => void,
    unanswered: Unanswered,
  ): Promise<void> {
    this.#unanswered.add(unanswered);
    const response = await send();
    expect(response.status, response.text).to.equal(status);
    note(response.body);
    this.acknowledged += 1;
    this.#unanswered.delete(unanswered);
  }

  async #read(url: string): Promise<Found> {
    const characters = new Map<string, Character>();
    for (let cursor = ''; ; ) {
      const page = await this.#api(url).get(`/api/characters?limit=100${cursor}`);
      for (const character of page.body.data) characters.set(character.id, character);
      if (page.body.nextCursor === null) break;
      cursor = `&cursor=${page.body.nextCursor}`;
    }
    const keys = new Map<string, Key>();
    for (const { id, name, createdAt, revokedAt } of (await this.#api(url).get('/api/clients/me/keys')).body
      .data) {
      keys.set(id, { id, name, createdAt, revoked: revokedAt !== null });
    }
    return { characters, keys };
  }
}
