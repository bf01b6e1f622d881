import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { ApiClient, type ApiResponse } from '#tests/support/api-client.js';
import { expectProblem } from '#tests/support/expect-response.js';
import { PacedUpstream } from '#tests/support/paced-upstream.js';
import { ServerProcess } from '#tests/support/server-process.js';
import { SseReader } from '#tests/support/sse-reader.js';
import { makeTestFolder, type TestFolder } from '#tests/support/test-app.js';

const SERVICE_KEY = 'operator-key-0123456789';
const MOST_MS = 1000;
/** Of all processes together. */
const REQUESTS_PER_SECOND = 200;
const PROCESSES = 3;
const SUSPENDED = { detail: 'This account is suspended. Ask whoever operates the service.' };
const NO_LIMITS = {
  LIMIT_IP_PER_MINUTE: '0',
  LIMIT_CHAT_PER_MINUTE: '0',
  LIMIT_REQUESTS_PER_MINUTE: '0',
  LIMIT_CONCURRENT_TURNS: '0',
};

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

  let folder: TestFolder;
  let upstream: PacedUpstream;
  const servers: ServerProcess[] = [];
  const urls: string[] = [];
  let bystander: ApiClient;

  before(async () => {
    folder = await makeTestFolder();
    upstream = await PacedUpstream.start();
    for (let count = 0; count < PROCESSES; count += 1) {
      const server = await ServerProcess.start({
        cwd: folder.path,
        env: {
          FASTWRAP_API_KEY: SERVICE_KEY,
          MODEL: 'paced',
          MODEL_PROVIDER: 'openai-compatible',
          MODEL_BASE_URL: upstream.baseUrl,
          LOG_LEVEL: 'warn',
          ...NO_LIMITS,
        },
      });
      servers.push(server);
      urls.push(await server.url());
    }
    bystander = await new ApiClient(urls[0] ?? '').signUp();
  });

  after(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await upstream.stop();
    await folder.remove();
  });

  const at = (index: number, { apiKey }: ApiClient) => new ApiClient(urls[index] ?? '', apiKey);

  interface Victim {
    readonly api: ApiClient;
    readonly clientId: string;
    readonly keyId: string;
    readonly otherKey: ApiClient;
  }

  async function makeVictim(): Promise<Victim> {
    const api = await new ApiClient(urls[0] ?? '').signUp();
    const clientId = (await api.get('/api/clients/me')).body.id;
    const keyId = (await api.get('/api/clients/me/keys')).body.data[0].id;
    const { apiKey } = (await api.post('/api/clients/me/keys', {})).body;
    return { api, clientId, keyId, otherKey: api.withKey(apiKey) };
  }

  const asOperator = { 'x-fastwrap-api-key': SERVICE_KEY };
  const ENDS: Readonly<
    Record<string, { code: 'unauthenticated' | 'forbidden'; end(victim: Victim): Promise<ApiResponse> }>
  > = {
    'a revoked key': {
      code: 'unauthenticated',
      end: ({ otherKey, keyId }) => otherKey.delete(`/api/clients/me/keys/${keyId}`),
    },
    'a suspended client': {
      code: 'forbidden',
      end: ({ api, clientId }) =>
        api.withKey(null).patch(`/admin/clients/${clientId}`, { suspended: true }, asOperator),
    },
    'a client that deleted itself': {
      code: 'unauthenticated',
      end: ({ api }) => api.delete('/api/clients/me'),
    },
    'a client that the operator deleted': {
      code: 'unauthenticated',
      end: ({ api, clientId }) => api.withKey(null).delete(`/admin/clients/${clientId}`, asOperator),
    },
  };

  for (const [what, { code, end }] of Object.entries(ENDS)) {
    it(`refuse ${what} on all of them within a second, and end its running and waiting turns`, async () => {
      const victim = await makeVictim();
      const characterId = await victim.api.createCharacter();
      const othersCharacterId = await bystander.createCharacter();
      const stream = async (index: number, owner: ApiClient, body: object) => {
        const reader = await SseReader.open(`${urls[index]}/api/chat`, {
          headers: { 'x-api-key': owner.apiKey ?? '' },
          body: { message: 'Hello.', stream: true, ...body },
        });
        expect((await reader.next())?.event).to.equal('turn');
        expect((await reader.next())?.event).to.equal('delta');
        return reader;
      };
      const streams = await Promise.all(
        [0, 1, 2].map((index) =>
          stream(index, victim.api, { characterId, conversationId: `c-${what.replaceAll(' ', '-')}` }),
        ),
      );
      const bystanderStream = await stream(1, bystander, { characterId: othersCharacterId });
      const ended = (result: Promise<unknown>) => result.then(() => performance.now());
      const waiting = [1, 2].map((index) =>
        at(index, victim.api).post('/api/chat', {
          characterId,
          message: 'I wait.',
          conversationId: `c-${what.replaceAll(' ', '-')}`,
        }),
      );
      const running = [1, 2].map((index) =>
        at(index, victim.api).post('/api/chat', { characterId, message: 'I am asked.' }),
      );
      const load = new Load(urls, victim.api, bystander);
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
      await delay(endedAt + MOST_MS + 500 - performance.now());
      const answers = await load.end();

      for (const last of lasts) {
        expect(last?.event).to.equal('error');
        expect(last?.data.code).to.equal(code);
      }
      const given = code === 'forbidden' ? SUSPENDED : {};
      for (const response of await Promise.all([...waiting, ...running])) {
        expect(response.body).to.include({ code, ...given });
      }
      expect(Math.max(...turnsEndedAt) - endedAt).to.be.below(MOST_MS);
      for (const { sentAt, isVictim, response } of answers) {
        if (!isVictim || sentAt < askedAt - 100) expect(response.status).to.equal(200);
        else if (sentAt > endedAt + MOST_MS) expectProblem(response, code, given);
      }
      const late = answers.filter(({ sentAt, isVictim }) => isVictim && sentAt > endedAt + MOST_MS);
      expect(late.length).to.be.greaterThan(30);
      const lastTaken = answers
        .filter(({ isVictim, response }) => isVictim && response.status === 200)
        .at(-1);
      process.stdout.write(
        `      last request taken ${((lastTaken?.sentAt ?? 0) - endedAt).toFixed(0)} ms, last turn ended ` +
          `${(Math.max(...turnsEndedAt) - endedAt).toFixed(0)} ms after it; ${answers.length} requests\n`,
      );
      expect(bystanderStream.isWhole).to.equal(false);
      expect((await at(2, bystander).get('/api/clients/me')).status).to.equal(200);
      bystanderStream.leave();
    });
  }
});
