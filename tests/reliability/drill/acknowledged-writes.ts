import { ApiClient } from '#tests/support/fixtures/api-client.js';
import type { SeededRandom } from '#tests/support/fixtures/seeded-random.js';

interface Writer {
  readonly api: ApiClient;
  count: number;
}

/** Sign-ups and characters, as seeded, with a note of what was acknowledged and when it was asked for. */
export class AcknowledgedWrites {
  readonly #random: SeededRandom;
  /** Ids of accounts and characters whose writing was acknowledged. */
  readonly ids = new Set<string>();
  readonly #accounts: Writer[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** @param parallel how many are under way at a time. */
  async write(url: string, count: number, parallel: number): Promise<void> {
    let left = count;
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        while (left > 0) {
          left -= 1;
          await this.#writeOne(url);
        }
      }),
    );
  }

  async #writeOne(url: string): Promise<void> {
    const account = this.#random.pick(this.#accounts);
    if (account === undefined || this.#random.next() < 0.25) await this.#signUp(url);
    else {
      account.count += 1;
      const name = `Character ${account.count}`;
      this.ids.add(await new ApiClient(url, account.api.apiKey).createCharacter({ name }));
    }
  }

  async #signUp(url: string): Promise<void> {
    const api = await new ApiClient(url).signUp();
    this.#accounts.push({ api, count: 0 });
    const { body } = await api.get('/api/clients/me');
    this.ids.add(body.id);
  }
}
