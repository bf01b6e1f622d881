import { expect } from 'chai';
import { expectJson, expectNoContent, expectProblem } from '../support/assertions/expect-response.js';
import type { ApiClient, ApiResponse } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';
import { OPERATIONS } from '../support/fixtures/openapi-operations.js';
import { bodyOf } from '../support/fixtures/openapi-requests.js';

const SERVICE_KEY = 'operator-key-0123456789';
const NOBODY = '0190c0de-1234-7abc-8def-0123456789ab';
const NO_LIMITS = { chatPerMinute: null, requestsPerMinute: null, concurrentTurns: null };
const SUSPENDED = { detail: 'This account is suspended. Ask whoever operates the service.' };

export function adminContract(storage: AppStorage): void {
  describe('the operator’s endpoints', () => {
    const app = useApp(storage, { env: { FASTWRAP_API_KEY: SERVICE_KEY } });
    const asOperator = { 'x-fastwrap-api-key': SERVICE_KEY };
    let client: ApiClient;
    let account: Record<string, unknown>;
    let address: string;

    beforeEach(async () => {
      client = await app.api.signUp();
      account = (await client.get('/api/clients/me')).body;
      address = `/admin/clients/${account['id']}`;
    });

    const patch = (body: unknown): Promise<ApiResponse> => app.api.patch(address, body, asOperator);
    const managed = (difference: object = {}) => ({
      ...account,
      suspended: false,
      suspendedAt: null,
      limits: NO_LIMITS,
      budgetTokensPerDay: null,
      ...difference,
    });

    it('show a client', async () => {
      expectJson(await app.api.get(address, asOperator), 200, managed());
    });

    it('list all clients, newest first, page by page', async () => {
      const newer = await app.api.signUp();
      const newerId = (await newer.get('/api/clients/me')).body.id;
      const first = (await app.api.get('/admin/clients?limit=1', asOperator)).body;
      expect(first.data.map(({ id }: { id: string }) => id)).to.deep.equal([newerId]);
      const second = await app.api.get(`/admin/clients?limit=1&cursor=${first.nextCursor}`, asOperator);
      expectJson(second, 200, { data: [managed()], nextCursor: account['id'] });
      const seen: string[] = [];
      for (let cursor: string | null = null; cursor !== null || seen.length === 0; ) {
        const query: string = cursor === null ? '' : `&cursor=${cursor}`;
        const { data, nextCursor } = (await app.api.get(`/admin/clients?limit=2${query}`, asOperator)).body;
        seen.push(...data.map(({ id }: { id: string }) => id));
        cursor = nextCursor;
      }
      expect(seen).to.deep.equal([...new Set(seen)].sort().reverse());
      expect(seen).to.include.members([newerId, account['id']]);
    });

    it('find the one account with an address, however it is spelled, and no other', async () => {
      await app.api.signUp();
      const find = (email: string, more = '', headers: Record<string, string> = asOperator) =>
        app.api.get(`/admin/clients?email=${encodeURIComponent(email)}${more}`, headers);
      const email = String(account['email']);
      const found = { data: [managed()], nextCursor: null };
      for (const spelling of [email, email.toUpperCase()]) {
        expectJson(await find(spelling), 200, found);
      }
      expectJson(await find(email, '&limit=1'), 200, found);
      expectJson(await find(email, `&cursor=${account['id']}`), 200, { data: [], nextCursor: null });
      expectJson(await find(`x${email}`), 200, { data: [], nextCursor: null });
      expectProblem(await find('nobody'), 'invalid_request', {
        errors: [{ field: 'email', message: 'must be an email address' }],
      });
      for (const refused of [await find(email, '', {}), await client.get(`/admin/clients?email=${email}`)]) {
        expectProblem(refused, 'unauthenticated', { detail: 'The service key of the operator is required.' });
        expect(refused.text).not.to.include(email);
      }
    });

    it('change limits and budget, the named ones alone, and clear them with null', async () => {
      const limits = { chatPerMinute: 5, requestsPerMinute: 0, concurrentTurns: 1_000_000 };
      expectJson(await patch({ limits }), 200, managed({ limits }));
      const all = managed({ limits, budgetTokensPerDay: 1_000_000_000_000 });
      expectJson(await patch({ budgetTokensPerDay: 1_000_000_000_000 }), 200, all);
      expectJson(
        await patch({ limits: { chatPerMinute: null } }),
        200,
        managed({ ...all, limits: { ...limits, chatPerMinute: null } }),
      );
      const cleared = {
        limits: { requestsPerMinute: null, concurrentTurns: null },
        budgetTokensPerDay: null,
      };
      expectJson(await patch(cleared), 200, managed());
      expectJson(await app.api.get(address, asOperator), 200, managed());
    });

    it('suspend a client, once, and resume it', async () => {
      const suspendedAt = app.time();
      const suspended = managed({ suspended: true, suspendedAt });
      expectJson(await patch({ suspended: true }), 200, suspended);
      app.clock.advance(1000);
      expectJson(await patch({ suspended: true }), 200, suspended);
      expectProblem(await client.get('/api/clients/me'), 'forbidden', SUSPENDED);
      expectJson(await patch({ suspended: false }), 200, managed());
      expect((await client.get('/api/clients/me')).status).to.equal(200);
    });

    it('delete a client with all that it has, once', async () => {
      const characterId = await client.createCharacter();
      expectNoContent(await app.api.delete(address, asOperator));
      expectProblem(await client.get(`/api/characters/${characterId}`), 'unauthenticated');
      expectProblem(await app.api.delete(address, asOperator), 'client_not_found');
      expectProblem(await app.api.get(address, asOperator), 'client_not_found');
      expectProblem(await patch({ suspended: true }), 'client_not_found');
    });

    it('know no client that was never there', async () => {
      expectProblem(await app.api.get(`/admin/clients/${NOBODY}`, asOperator), 'client_not_found');
    });

    it('want a change at least, and limits as an object', async () => {
      const nothing = [{ field: 'body', message: 'must change suspended, limits or budgetTokensPerDay' }];
      for (const body of [{}, { limits: {} }]) {
        expectProblem(await patch(body), 'invalid_request', { errors: nothing });
      }
      for (const limits of [null, 5, [], 'none', { chatPerDay: 1 }]) {
        expect((await patch({ limits })).status).to.equal(400);
      }
      expectJson(await app.api.get(address, asOperator), 200, managed());
    });

    for (const operation of OPERATIONS.filter(({ security }) => security === 'apiKey')) {
      const { method, path } = operation;

      it(`refuse a suspended client at ${method} ${path}, and say so`, async () => {
        await patch({ suspended: true });
        const body = bodyOf(operation, { characterId: NOBODY });
        const response = await client.send(method, path.replace(/\{\w+\}/g, NOBODY), body);
        expectProblem(response, 'forbidden', SUSPENDED);
      });
    }

    it('keep a revoked key of a suspended client as unknown as any other', async () => {
      const { id, apiKey } = (await client.post('/api/clients/me/keys', {})).body;
      await client.delete(`/api/clients/me/keys/${id}`);
      await patch({ suspended: true });
      expectProblem(await client.withKey(apiKey).get('/api/clients/me'), 'unauthenticated');
    });

    it('leave a suspended owner without a new key, and show nobody else why', async () => {
      const { email } = account;
      await patch({ suspended: true });
      const recover = (password: string) => app.api.post('/auth/keys', { email, password });
      expectProblem(await recover('correct horse battery'), 'forbidden', SUSPENDED);
      expectProblem(await recover('wrong horse battery'), 'unauthenticated', {
        detail: 'Email or password is wrong.',
      });
    });
  });

  for (const [how, env] of [
    ['the operator’s key is set', { FASTWRAP_API_KEY: SERVICE_KEY }],
    ['no operator’s key is set', {}],
  ] as const) {
    describe(`while ${how}`, () => {
      const app = useApp(storage, { env });

      for (const operation of OPERATIONS.filter(({ path }) => path.startsWith('/admin/'))) {
        const { method, path } = operation;

        it(`${method} ${path} refuses a client’s key and every wrong one`, async () => {
          const { apiKey } = await app.api.signUp();
          const key = apiKey ?? '';
          const presented: Record<string, string>[] = [
            {},
            { 'x-api-key': key },
            { authorization: `Bearer ${key}` },
            { 'x-fastwrap-api-key': key },
            { 'x-fastwrap-api-key': '' },
            { 'x-fastwrap-api-key': `${SERVICE_KEY}x` },
            { 'x-fastwrap-api-key': SERVICE_KEY.slice(1) },
            { 'x-fastwrap-api-key': 'undefined' },
            { 'x-fastwrap-api-key': 'null' },
            { 'x-api-key': SERVICE_KEY },
            { authorization: `Bearer ${SERVICE_KEY}` },
          ];
          for (const headers of presented) {
            const body = bodyOf(operation, {});
            const response = await app.api.send(method, path.replace('{id}', NOBODY), body, headers);
            expectProblem(response, 'unauthenticated', {
              detail: 'The service key of the operator is required.',
            });
          }
        });
      }
    });
  }
}
