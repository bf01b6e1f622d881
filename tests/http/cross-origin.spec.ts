import { expect } from 'chai';
import { expectFrame, expectNoContent, expectProblem } from '../support/assertions/expect-response.js';
import type { ApiResponse } from '../support/fixtures/api-client.js';
import { MEMORY_STORAGE } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const SHOP = 'https://shop.example.com';
const OTHER_SHOP = 'http://localhost:3000';
const OTHER_ORIGINS = [
  'https://evil.example.com',
  'http://shop.example.com',
  'https://shop.example.com.evil.example.com',
  'https://shop.example.com:8443',
  'https://SHOP.example.com',
  'null',
  '*',
];
const EXPOSED =
  'x-request-id,retry-after,ratelimit,ratelimit-policy,server-timing,idempotency-replayed,location';

function corsHeaders(response: ApiResponse): Record<string, string> {
  return Object.fromEntries(
    [...response.headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  );
}

function preflight(origin: string): Record<string, string> {
  return {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,x-api-key',
  };
}

describe('pages of other origins', () => {
  describe('when none is allowed', () => {
    const app = useApp(MEMORY_STORAGE);

    it('get no leave, neither ahead nor with the answer', async () => {
      for (const origin of [SHOP, 'null']) {
        const ahead = await app.api.send('OPTIONS', '/api/chat', undefined, preflight(origin));
        expect(corsHeaders(ahead)).to.deep.equal({});
        expect(corsHeaders(await app.api.get('/livez', { origin }))).to.deep.equal({});
      }
    });
  });

  describe('when some are allowed', () => {
    const app = useApp(MEMORY_STORAGE, { env: { CORS_ORIGINS: `${SHOP},${OTHER_SHOP}` } });

    for (const origin of [SHOP, OTHER_SHOP]) {
      it(`may ask ahead from ${origin}, without a key`, async () => {
        const response = await app.api.send('OPTIONS', '/api/chat', undefined, preflight(origin));
        expectNoContent(response);
        expect(response.headers.get('allow')).to.equal('POST, OPTIONS');
        expect(corsHeaders(response)).to.deep.equal({
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'GET,HEAD,POST,PATCH,DELETE',
          'access-control-allow-headers': 'x-api-key,authorization,content-type,idempotency-key,x-request-id',
          'access-control-expose-headers': EXPOSED,
          'access-control-max-age': '600',
          vary: 'Origin',
        });
      });

      it(`may read what is answered to ${origin}, errors and streams too`, async () => {
        const granted = {
          'access-control-allow-origin': origin,
          'access-control-expose-headers': EXPOSED,
          vary: 'Origin',
        };
        const owner = await app.api.signUp();
        const characterId = await owner.createCharacter();
        const stream = { characterId, message: 'Hi', stream: true };
        const answers = [
          await app.api.get('/livez', { origin }),
          await app.api.get('/nothing', { origin }),
          await app.api.get('/api/clients/me', { origin }),
          await owner.post('/api/chat', stream, { origin }),
        ];
        expect(answers.map(({ status }) => status)).to.deep.equal([200, 404, 401, 200]);
        for (const answer of answers) expect(corsHeaders(answer)).to.deep.equal(granted);
      });
    }

    it('get no leave from anywhere else, and Vary names the reason', async () => {
      for (const origin of OTHER_ORIGINS) {
        for (const response of [
          await app.api.send('OPTIONS', '/api/chat', undefined, preflight(origin)),
          await app.api.get('/livez', { origin }),
        ]) {
          expect(response.headers.has('access-control-allow-origin'), origin).to.equal(false);
          expect(response.headers.get('vary')).to.equal('Origin');
          expectFrame(response);
        }
      }
    });

    it('find no address that is not there', async () => {
      const response = await app.api.send('OPTIONS', '/nothing', undefined, preflight(SHOP));
      expectProblem(response, 'not_found');
    });

    it('change nothing for callers that are no pages', async () => {
      const response = await app.api.get('/livez');
      expect(response.status).to.equal(200);
      expect(response.headers.has('access-control-allow-origin')).to.equal(false);
      expect(response.headers.get('vary')).to.equal('Origin');
    });
  });
});
