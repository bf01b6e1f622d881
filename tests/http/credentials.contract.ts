import { expect } from 'chai';
import { API_KEYS, IDS } from '#src/infrastructure/tokens.js';
import { expectProblem } from '../support/assertions/expect-response.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

export function credentialsContract(storage: AppStorage): void {
  describe('credentials', () => {
    const app = useApp(storage);
    let owner: ApiClient;
    let other: ApiClient;
    let key: string;
    let otherKey: string;

    before(async () => {
      owner = await app.api.signUp();
      other = await app.api.signUp();
      key = owner.apiKey ?? '';
      otherKey = other.apiKey ?? '';
    });

    const me = (headers: Record<string, string>) => app.api.get('/api/clients/me', headers);

    it('are taken from x-api-key, from Authorization: Bearer, and from both when they are the same', async () => {
      const expected = await me({ 'x-api-key': key });
      expect(expected.status).to.equal(200);
      const accepted: Record<string, string>[] = [
        { authorization: `Bearer ${key}` },
        { authorization: `bearer ${key}` },
        { authorization: `BEARER  ${key}` },
        { authorization: `Bearer ${key}`, 'x-api-key': key },
      ];
      for (const headers of accepted) {
        const response = await me(headers);
        expect({ status: response.status, body: response.body }).to.deep.equal({
          status: 200,
          body: expected.body,
        });
      }
    });

    const revokedKey = async () => {
      const { body } = await owner.post('/api/clients/me/keys', {});
      await owner.delete(`/api/clients/me/keys/${body.id}`);
      return { 'x-api-key': body.apiKey };
    };
    const unknownKey = () => {
      const id = app.container.get(IDS).next();
      return { 'x-api-key': app.container.get(API_KEYS).mint(id).text };
    };
    const wrongSecret = async () => {
      const { data } = (await owner.get('/api/clients/me/keys')).body;
      return { 'x-api-key': app.container.get(API_KEYS).mint(data[0].id).text };
    };

    const REFUSED: Readonly<Record<string, () => Record<string, string> | Promise<Record<string, string>>>> =
      {
        'no credential': () => ({}),
        'an empty key': () => ({ 'x-api-key': '' }),
        'a malformed key': () => ({ 'x-api-key': 'fw_abc' }),
        'a mistyped key': () => ({ 'x-api-key': key.slice(0, -1) + (key.endsWith('0') ? '1' : '0') }),
        'a well-formed key of nobody': unknownKey,
        'the id of a key with another secret': wrongSecret,
        'a revoked key': revokedKey,
        'two different keys, both good': () => ({ 'x-api-key': key, authorization: `Bearer ${otherKey}` }),
        'a good key and a bad one': () => ({ 'x-api-key': key, authorization: 'Bearer nonsense' }),
        'a good key and a Bearer that is no key': () => ({ 'x-api-key': key, authorization: 'Bearer a b' }),
        'a bad key and a good one': () => ({ 'x-api-key': 'nonsense', authorization: `Bearer ${key}` }),
        'another scheme': () => ({ authorization: `Basic ${key}` }),
        'the key without a scheme': () => ({ authorization: key }),
        'the key in the query': () => ({}),
      };
    for (const [what, headers] of Object.entries(REFUSED)) {
      it(`answer the same 401 to ${what}`, async () => {
        const query = what.endsWith('query') ? `?x-api-key=${key}` : '';
        expectProblem(await app.api.get(`/api/clients/me${query}`, await headers()), 'unauthenticated');
      });
    }

    it('come before the body: an anonymous caller learns nothing about it', async () => {
      for (const body of ['{', 'x'.repeat(100_000), { name: 1 }]) {
        expectProblem(await app.api.post('/api/characters', body), 'unauthenticated');
      }
    });
  });

  describe('sign-up that the operator has closed', () => {
    const SERVICE_KEY = 'operator-key-0123456789';
    const app = useApp(storage, { env: { SIGNUP: 'operator', FASTWRAP_API_KEY: SERVICE_KEY } });
    const input = () => ({ email: `${crypto.randomUUID()}@example.com`, password: 'correct horse battery' });

    it('lets the operator in', async () => {
      const response = await app.api.post('/auth/signup', input(), { 'x-fastwrap-api-key': SERVICE_KEY });
      expect(response.status).to.equal(201);
      const client = new ApiClient(app.app.url, response.body.apiKey);
      expect((await client.get('/api/clients/me')).body).to.deep.equal(response.body.client);
    });

    it('refuses everybody else, a client with its key included', async () => {
      const made = await app.api.post('/auth/signup', input(), { 'x-fastwrap-api-key': SERVICE_KEY });
      const refused: Record<string, string>[] = [
        {},
        { 'x-fastwrap-api-key': '' },
        { 'x-fastwrap-api-key': `${SERVICE_KEY}x` },
        { 'x-fastwrap-api-key': made.body.apiKey },
        { 'x-api-key': made.body.apiKey },
        { 'x-api-key': SERVICE_KEY },
        { authorization: `Bearer ${SERVICE_KEY}` },
      ];
      for (const headers of refused) {
        expectProblem(await app.api.post('/auth/signup', input(), headers), 'unauthenticated', {
          detail: 'The service key of the operator is required.',
        });
      }
    });

    it('does not make the service key a client’s key', async () => {
      expectProblem(
        await app.api.get('/api/clients/me', { 'x-fastwrap-api-key': SERVICE_KEY, 'x-api-key': SERVICE_KEY }),
        'unauthenticated',
      );
    });
  });
}
