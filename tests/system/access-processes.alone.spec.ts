import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { expectProblem } from '../support/assertions/expect-response.js';
import { AccessFixture, ENDS_OF_ACCESS } from '../support/fixtures/access-fixture.js';
import { ApiClient, type ApiResponse } from '../support/fixtures/api-client.js';

const MAX_MS = 1000;
/** Of all processes together. */
const REQUESTS_PER_SECOND = 200;

interface Answered {
  readonly sentAt: number;
  readonly isVictim: boolean;
  readonly response: ApiResponse;
}

/** Steady requests to all processes in turn, every second one of them with the victim's key. */
class Load {
  readonly answers: Promise<Answered>[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(urls: readonly string[], victim: ApiClient, bystander: ApiClient) {
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startedAt) / 1000) * REQUESTS_PER_SECOND;
      while (this.answers.length < due) {
        const count = this.answers.length;
        const isVictim = count % 2 === 0;
        const api = new ApiClient(urls[count % urls.length] ?? '', (isVictim ? victim : bystander).apiKey);
        const sentAt = performance.now();
        const answer = api.get('/api/clients/me');
        this.answers.push(answer.then((response) => ({ sentAt, isVictim, response })));
      }
    }, 5);
  }

  end(): Promise<Answered[]> {
    clearInterval(this.#timer);
    return Promise.all(this.answers);
  }
}

describe('three processes on one database, at 200 requests a second', function () {
  this.timeout(60_000);

  let fixture: AccessFixture;

  before(async () => {
    fixture = await AccessFixture.start();
  });

  after(() => fixture.stop());

  for (const [what, { code, given, end }] of Object.entries(ENDS_OF_ACCESS)) {
    it(`refuse ${what} on all of them within a second, and end its running and waiting turns`, async () => {
      const victim = await fixture.makeVictim();
      const [, ...onOthers] = fixture.onAll(victim.api);
      const characterId = await victim.api.createCharacter();
      const othersCharacterId = await fixture.bystander.createCharacter();
      const conversationId = `c-${what.replaceAll(' ', '-')}`;
      const streams = await Promise.all(
        fixture.onAll(victim.api).map((api) => fixture.openStream(api, { characterId, conversationId })),
      );
      const others = fixture.onAll(fixture.bystander);
      const othersStreams = await Promise.all(
        others.map((api) => fixture.openStream(api, { characterId: othersCharacterId })),
      );
      const ended = (result: Promise<unknown>) => result.then(() => performance.now());
      const waiting = onOthers.map((api) =>
        api.post('/api/chat', { characterId, message: 'I wait.', conversationId }),
      );
      const running = onOthers.map((api) => api.post('/api/chat', { characterId, message: 'I am asked.' }));
      const load = new Load(fixture.urls, victim.api, fixture.bystander);
      await delay(500);

      const askedAt = performance.now();
      expect((await end(victim)).status).to.be.oneOf([200, 204]);
      const endedAt = performance.now();
      const lasts = await Promise.all(streams.map(async (reader) => (await reader.rest()).at(-1)));
      const turnsEndedAt = await Promise.all([
        ended(Promise.all(waiting)),
        ended(Promise.all(running)),
        ended(Promise.all(streams.map(({ closed }) => closed))),
      ]);
      await delay(endedAt + MAX_MS + 500 - performance.now());
      const answers = await load.end();

      for (const last of lasts) {
        expect(last?.event).to.equal('error');
        expect(last?.data.code).to.equal(code);
      }
      for (const response of await Promise.all([...waiting, ...running])) {
        expect(response.body).to.include({ code, ...given });
      }
      expect(Math.max(...turnsEndedAt) - endedAt).to.be.below(MAX_MS);
      for (const { sentAt, isVictim, response } of answers) {
        if (!isVictim || sentAt < askedAt - 100) expect(response.status).to.equal(200);
        else if (sentAt > endedAt + MAX_MS) expectProblem(response, code, given);
      }
      const late = answers.filter(({ sentAt, isVictim }) => isVictim && sentAt > endedAt + MAX_MS);
      expect(late.length).to.be.greaterThan(30);
      const lastTaken = answers
        .filter(({ isVictim, response }) => isVictim && response.status === 200)
        .at(-1);
      process.stdout.write(
        `      last request taken ${((lastTaken?.sentAt ?? 0) - endedAt).toFixed(0)} ms, last turn ended ` +
          `${(Math.max(...turnsEndedAt) - endedAt).toFixed(0)} ms after it; ${answers.length} requests\n`,
      );
      for (const api of others) expect((await api.get('/api/clients/me')).status).to.equal(200);
      for (const stream of othersStreams) {
        expect(stream.isWhole).to.equal(false);
        stream.leave();
      }
    });
  }
});
