import { expect } from 'chai';
import fc from 'fast-check';
import type { ApiKeyMint } from '#src/application/ports/access/api-key-mint.js';
import { API_KEYS } from '#src/infrastructure/tokens.js';
import { EXPECTED_SECURITY_HEADERS, expectProblem } from '../support/assertions/expect-response.js';
import type { ApiClient } from '../support/fixtures/api-client.js';
import { MEMORY_STORAGE, SQLITE_STORAGE } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';
import { forgeriesOf } from '../support/fixtures/forged-keys.js';

const SEED = 20_260_101;

for (const storage of [MEMORY_STORAGE, SQLITE_STORAGE]) {
  describe(`API keys that do not count any more, on ${storage.name}`, () => {
    const app = useApp(storage);
    let owner: ApiClient;
    let mint: ApiKeyMint;

    beforeEach(async () => {
      owner = await app.api.signUp();
      mint = app.container.get(API_KEYS);
    });

    it('are refused from the next request on once they are revoked, also by many at once', async () => {
      const { id, apiKey } = (await owner.post('/api/clients/me/keys', {})).body;
      const revoked = owner.withKey(apiKey);
      expect((await revoked.get('/api/clients/me')).status).to.equal(200);
      await owner.delete(`/api/clients/me/keys/${id}`);
      const answers = await Promise.all(Array.from({ length: 20 }, () => revoked.get('/api/clients/me')));
      for (const answer of answers) expectProblem(answer, 'unauthenticated');
      expect((await owner.get('/api/clients/me')).status).to.equal(200);
    });

    it('are refused from the next request on once the account has gone', async () => {
      const second = owner.withKey((await owner.post('/api/clients/me/keys', {})).body.apiKey);
      await second.delete('/clients/me');
      for (const key of [owner, second]) {
        for (const path of ['/api/clients/me', '/api/characters', '/api/conversations/c']) {
          expectProblem(await key.get(path), 'unauthenticated');
        }
      }
    });

    it('get one answer with 500 forged ones: nothing shows why a key was refused', async () => {
      const { id, apiKey } = (await owner.post('/api/clients/me/keys', {})).body;
      await owner.delete(`/api/clients/me/keys/${id}`);
      const { data } = (await owner.get('/api/clients/me/keys')).body;
      const genuine = owner.apiKey ?? '';
      const sendable = forgeriesOf(genuine).filter((text) => /^[!-~](?:[ -~]*[!-~])?$/.test(text));
      const forged = [
        ...fc.sample(sendable, { numRuns: 397, seed: SEED }),
        apiKey,
        genuine + 'a'.repeat(10_000),
        ...Array.from({ length: 51 }, () => mint.mint(data[0].id).text),
        ...Array.from({ length: 50 }, () => mint.mint(crypto.randomUUID()).text),
      ];
      expect(forged).to.have.length(500);
      for (const text of forged) {
        const answer = await owner.withKey(text).get('/api/clients/me');
        expectProblem(answer, 'unauthenticated');
        const { requestId, ...body } = answer.body;
        expect({
          requestId: typeof requestId,
          headers: [...answer.headers.keys()].sort(),
          body,
        }).to.deep.equal({
          requestId: 'string',
          headers: [
            'cache-control',
            'connection',
            'content-length',
            'content-type',
            'date',
            'keep-alive',
            'server-timing',
            'www-authenticate',
            'x-request-id',
            ...Object.keys(EXPECTED_SECURITY_HEADERS),
          ].sort(),
          body: {
            type: 'urn:fastwrap:error:unauthenticated',
            title: 'Unauthorized',
            status: 401,
            detail: 'A valid API key is required.',
            code: 'unauthenticated',
          },
        });
      }
      expect((await owner.get('/api/clients/me')).status).to.equal(200);
    });
  });
}
