import { expect } from 'chai';
import { ApiKeyUses } from '#src/application/background/api-key-uses.js';
import {
  API_KEY,
  expectJson,
  expectNoContent,
  expectProblem,
  UUID,
} from '../support/assertions/expect-response.js';
import type { ApiClient } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const KEYS = '/api/clients/me/keys';
const NOBODYS_ID = '0190c0de-1234-7abc-8def-0123456789ab';

export function apiKeysContract(storage: AppStorage): void {
  describe('API keys', () => {
    const app = useApp(storage);
    let owner: ApiClient;
    let firstId: string;

    beforeEach(async () => {
      owner = await app.api.signUp();
      firstId = (await owner.get(KEYS)).body.data[0].id;
    });

    const lastFour = (apiKey: string | null) => apiKey?.slice(-10, -6);

    it('GET lists them oldest first, revoked ones too, without their secrets', async () => {
      const madeAt = app.time();
      app.clock.advance(1000);
      const second = (await owner.post(KEYS, { name: 'Till 2' })).body;
      app.clock.advance(1000);
      const third = (await owner.post(KEYS, {})).body;
      await owner.delete(`${KEYS}/${second.id}`);

      const common = { lastUsedAt: null, revokedAt: null };
      const first = { id: firstId, name: null, lastFour: lastFour(owner.apiKey), createdAt: madeAt };
      expectJson(await owner.get(KEYS), 200, {
        data: [
          { ...common, ...first },
          {
            ...common,
            id: second.id,
            name: 'Till 2',
            lastFour: lastFour(second.apiKey),
            createdAt: app.time(-1000),
            revokedAt: app.time(),
          },
          { ...common, id: third.id, name: null, lastFour: lastFour(third.apiKey), createdAt: app.time() },
        ],
      });
    });

    it('GET shows when a key was last used, once that has been written', async () => {
      const usedAt = app.time();
      await app.container.get(ApiKeyUses).flush();
      app.clock.advance(5000);
      const [key] = (await owner.get(KEYS)).body.data;
      expect(key.lastUsedAt).to.equal(usedAt);
    });

    it('POST makes a further key; the others stay good', async () => {
      const response = await owner.post(KEYS, { name: 'Till 2' });
      const { id, apiKey } = response.body;
      expect(id).to.match(UUID);
      expect(apiKey).to.match(API_KEY).and.not.equal(owner.apiKey);
      expectJson(response, 201, { id, name: 'Till 2', apiKey, createdAt: app.time() });
      const me = await owner.get('/api/clients/me');
      expectJson(await owner.withKey(apiKey).get('/api/clients/me'), 200, me.body);
    });

    it('POST needs no name', async () => {
      const { body } = await owner.post(KEYS, {});
      expect(body.name).to.equal(null);
    });

    it('POST stops at 100 usable keys, however many come at once, until one is revoked', async () => {
      const responses = await Promise.all(Array.from({ length: 120 }, () => owner.post(KEYS, {})));
      const made = responses.filter(({ status }) => status === 201);
      expect(made).to.have.length(99);
      for (const response of responses)
        if (!made.includes(response)) expectProblem(response, 'too_many_keys');
      expect((await owner.get(KEYS)).body.data).to.have.length(100);
      const lastMade = owner.withKey(made.at(-1)?.body.apiKey ?? null);
      expect((await lastMade.get('/api/clients/me')).status).to.equal(200);

      await owner.delete(`${KEYS}/${made[0]?.body.id}`);
      expect((await owner.post(KEYS, {})).status).to.equal(201);
      expectProblem(await owner.post(KEYS, {}), 'too_many_keys');
    });

    it('DELETE revokes a key, the one it is called with included, and says so again when repeated', async () => {
      const second = (await owner.post(KEYS, {})).body;
      expectNoContent(await owner.delete(`${KEYS}/${firstId}`));
      expectProblem(await owner.get('/api/clients/me'), 'unauthenticated');
      const rotated = owner.withKey(second.apiKey);
      expectNoContent(await rotated.delete(`${KEYS}/${firstId}`));
    });

    it('DELETE keeps the last usable key', async () => {
      const second = (await owner.post(KEYS, {})).body;
      await owner.delete(`${KEYS}/${second.id}`);
      expectProblem(await owner.delete(`${KEYS}/${firstId}`), 'last_key');
      expect((await owner.get(KEYS)).status).to.equal(200);
    });

    it('DELETE leaves one of two keys that revoke each other at once', async () => {
      const second = (await owner.post(KEYS, {})).body;
      const responses = await Promise.all([
        owner.delete(`${KEYS}/${second.id}`),
        owner.withKey(second.apiKey).delete(`${KEYS}/${firstId}`),
      ]);
      const left = await Promise.all(
        [owner.apiKey, second.apiKey].map((key) => owner.withKey(key).get('/api/clients/me')),
      );
      expect(left.map(({ status }) => status).sort()).to.deep.equal([200, 401]);
      expect(responses.filter(({ status }) => status === 204)).to.have.length(1);
    });

    it('DELETE finds no key of that id', async () => {
      expectProblem(await owner.delete(`${KEYS}/${NOBODYS_ID}`), 'api_key_not_found');
    });

    it('DELETE refuses what is no id', async () => {
      for (const id of ['me', NOBODYS_ID.toUpperCase(), `${NOBODYS_ID}0`]) {
        expectProblem(await owner.delete(`${KEYS}/${id}`), 'invalid_request', {
          errors: [{ field: 'id', message: 'must be a lower-case UUID' }],
        });
      }
    });
  });
}
