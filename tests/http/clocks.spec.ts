import { expect } from 'chai';
import { expectProblem } from '../support/assertions/expect-response.js';
import { GOOD_DAY } from '../support/fakes/scripted-llm-gateway.js';
import { MEMORY_STORAGE, SQLITE_STORAGE } from '../support/fixtures/app-storages.js';
import { AppUnderTest } from '../support/fixtures/app-under-test.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('a wall clock that is set while the service runs', () => {
  for (const storage of [MEMORY_STORAGE, SQLITE_STORAGE]) {
    describe(`on ${storage.name}`, () => {
      let app: AppUnderTest;

      beforeEach(async () => {
        app = new AppUnderTest();
        await app.start(storage, { env: { LIMIT_REQUESTS_PER_MINUTE: '6' } });
        app.llm.answer = () => GOOD_DAY;
      });
      afterEach(() => app.stop());

      const converse = async () => {
        const owner = await app.api.signUp();
        const characterId = await owner.createCharacter({ ttlSeconds: 3600 });
        await owner.post('/api/chat', { characterId, conversationId: 'c', message: 'Hello' });
        return owner;
      };

      for (const [how, days] of [
        ['back by 40 days', -40],
        ['forward by 40 days', 40],
      ] as const) {
        it(`${how} makes no caller wait longer, and lets none in sooner`, async () => {
          const owner = await converse();
          app.clock.setWallBy(days * DAY_MS);
          for (let left = 5; left > 0; left -= 1) {
            expect((await owner.get('/api/clients/me')).status).to.equal(200);
          }
          app.clock.advance(50_000);
          expectProblem(await owner.get('/api/clients/me'), 'rate_limited', {
            detail: 'The limit "requests" was hit: 6 requests of this account in 60 seconds.',
            retryAfter: '10',
          });
          app.clock.advance(10_000);
          expect((await owner.get('/api/clients/me')).status).to.equal(200);
        });

        it(`${how} ends no conversation before its time, and keeps none beyond it`, async () => {
          const owner = await converse();
          app.clock.setWallBy(days * DAY_MS);
          app.clock.advance(HOUR_MS);
          expect((await owner.get('/api/conversations/c')).status).to.equal(200);
          app.clock.advance(1);
          expect((await owner.get('/api/conversations/c')).status).to.equal(404);
        });

        it(`${how} and then right again leaves the usage that was recorded`, async () => {
          const owner = await converse();
          const { body: before } = await owner.get('/api/clients/me/usage');
          app.clock.setWallBy(days * DAY_MS);
          await owner.post('/api/chat', { characterId: await owner.createCharacter(), message: 'Hello' });
          await owner.get('/api/clients/me/usage');
          app.clock.setWallBy(-days * DAY_MS);
          app.clock.advance(60_000);
          const { body: after } = await owner.get('/api/clients/me/usage');
          expect(after.days[0]).to.deep.equal(before.days[0]);
          expect(after.days[0].turns).to.equal(1);
        });
      }
    });
  }
});
