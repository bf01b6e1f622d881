import { expect } from 'chai';
import { Authorize } from '#src/application/access/authorize.js';
import { MANAGED_CLIENTS } from '#src/infrastructure/tokens.js';
import { expectProblem } from '../support/assertions/expect-response.js';
import type { ApiClient, ApiResponse } from '../support/fixtures/api-client.js';
import { LimitedApp } from '../support/fixtures/limited-app.js';
import { RawConnection } from '../support/fixtures/raw-connection.js';
import { RedisServer } from '../support/processes/redis-server.js';

const SERVICE_KEY = 'operator-key-0123456789';

describe('limits over HTTP', () => {
  let app: LimitedApp;

  const start = async (env: Readonly<Record<string, string>>) => {
    app = new LimitedApp();
    await app.start(env);
  };
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const statuses = (responses: readonly ApiResponse[]) => responses.map(({ status }) => status);
  const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => make(index)));
  const oneByOne = async (count: number, make: (index: number) => Promise<ApiResponse>) => {
    const responses = [];
    for (let index = 0; index < count; index += 1) responses.push(await make(index));
    return responses;
  };

  /** A limit error in full: the body, and headers that agree with each other. */
  const expectLimited = (
    response: ApiResponse,
    scope: string,
    detail: string,
    windowSeconds: number,
  ): void => {
    const retryAfter = response.headers.get('retry-after') ?? '';
    expectProblem(response, 'rate_limited', { detail, retryAfter });
    expect(Number(retryAfter)).to.be.within(windowSeconds - 10, windowSeconds);
    expect(response.headers.get('ratelimit')).to.contain(`"${scope}";r=0;t=${retryAfter}`);
  };

  afterEach(() => app.stop());

  describe('of an address', () => {
    it('count everything that it sends, and say so in headers', async () => {
      await start({ LIMIT_IP_PER_MINUTE: '5', LIMIT_REQUESTS_PER_MINUTE: '50' });
      const owner = await app.api.signUp();
      const me = await owner.get('/api/clients/me');
      expect(me.status).to.equal(200);
      expect(me.headers.get('ratelimit-policy')).to.equal('"ip";q=5;w=60, "requests";q=50;w=60');
      expect(me.headers.get('ratelimit')).to.match(/^"ip";r=3;t=(60|59), "requests";r=49;t=(60|59)$/);
      expect(me.headers.has('retry-after')).to.equal(false);
      expect(
        statuses([await app.api.get('/'), await app.api.get('/nowhere'), await owner.get('/health')]),
      ).to.deep.equal([200, 404, 200]);
      for (const path of ['/', '/nowhere', '/api/clients/me', '/docs', '/health', '/admin/clients']) {
        expectLimited(
          await owner.get(path),
          'ip',
          'The limit "ip" was hit: 5 requests from this address in 60 seconds.',
          60,
        );
      }
      expect(app.blocks).to.deep.equal(['ip']);
    });

    it('never hold up the probes that keep the process alive', async () => {
      await start({ LIMIT_IP_PER_MINUTE: '1' });
      const probes = await times(20, (index) => app.api.get(index % 2 === 0 ? '/livez' : '/readyz'));
      expect(new Set(statuses(probes))).to.deep.equal(new Set([200]));
    });

    it('believe nobody’s X-Forwarded-For by default', async () => {
      await start({ LIMIT_IP_PER_MINUTE: '100' });
      const responses = await times(300, (index) => app.api.get('/', from(`192.0.2.${index % 250}`)));
      expect(responses.filter(({ status }) => status === 200)).to.have.length(100);
    });

    it('count each address behind a trusted proxy by itself, by what the proxy itself has seen', async () => {
      await start({ LIMIT_IP_PER_MINUTE: '2', TRUST_PROXY: '127.0.0.0/8,10.0.0.0/8' });
      const get = (...addresses: string[]) => app.api.get('/', from(addresses.join(', ')));
      expect(statuses(await oneByOne(3, () => get('192.0.2.1')))).to.deep.equal([200, 200, 429]);
      expect((await get('192.0.2.1', '192.0.2.2', '10.1.2.3')).status).to.equal(200);
      expect((await get('192.0.2.2', '192.0.2.1')).status).to.equal(429);
      expect((await get('::ffff:192.0.2.1')).status).to.equal(429);
      expect((await get('192.0.2.1:12345')).status).to.equal(429);
    });

    it('see through proxies that write ports, as far as these are trusted and no farther', async () => {
      await start({ LIMIT_IP_PER_MINUTE: '1', TRUST_PROXY: '127.0.0.1,10.0.0.0/8,fd00::/8' });
      const get = (...addresses: string[]) => app.api.get('/', from(addresses.join(', ')));
      const proxies = ['[fd00::1]:443', '10.1.2.3:50001'];
      const ones = await oneByOne(5, (index) => get(`203.0.113.${index}:4711`, ...proxies));
      expect(statuses(ones)).to.deep.equal([200, 200, 200, 200, 200]);
      expect((await get('203.0.113.1:4712', ...proxies)).status).to.equal(429);
      expect((await get('[2001:db8::1]:443', ...proxies)).status).to.equal(200);
      expect((await get('[2001:db8::2]:444', '10.1.2.3:50002')).status).to.equal(429);
      const invented = (index: number) => get(`192.0.2.${index}:80`, '198.51.100.1:80', ...proxies);
      expect(statuses(await oneByOne(3, invented))).to.deep.equal([200, 429, 429]);
    });

    it('count who is named by no address as the proxy that says so, whatever it says', async () => {
      await start({ LIMIT_IP_PER_MINUTE: '2', TRUST_PROXY: '127.0.0.1,10.0.0.0/8' });
      const get = (...addresses: string[]) => app.api.get('/', from(addresses.join(', ')));
      const garbled = ['unknown', '2130706433', '192.0.2.1%a-b', '203.0.113.7:http', '10.1', '0x7f.1'];
      const inside = await oneByOne(garbled.length, (index) =>
        get('198.51.100.1', garbled[index] ?? '', '10.1.2.3'),
      );
      expect(statuses(inside)).to.deep.equal([200, 200, 429, 429, 429, 429]);
      expect((await get('10.1.2.3')).status).to.equal(429);
      expect((await get('unknown', '10.1.2.4')).status).to.equal(200);
      expect(statuses(await oneByOne(3, () => get('unknown')))).to.deep.equal([200, 200, 429]);
      expect((await app.api.get('/')).status).to.equal(429);
    });
  });

  describe('of the address of a turn, counted with its client', () => {
    const turnFrom = (owner: ApiClient, address: string, characterId: string) =>
      owner.send('POST', '/api/chat', { characterId, message: 'Hello' }, from(address));
    const IP_REFUSED = 'The limit "ip" was hit: 4 requests from this address in 60 seconds.';

    for (const path of ['/api/chat', '/api/chat/']) {
      for (const [who, headers, status, further] of [
        ['a good key', {}, 400, '"chat";q=50;w=60'],
        ['a wrong key', { 'x-api-key': `fw_${'0'.repeat(40)}` }, 401, '"bad-keys";q=50;w=60'],
        ['no key', { 'x-api-key': '' }, 401, '"bad-keys";q=50;w=60'],
      ] as const) {
        it(`count a POST of ${path} with ${who} once, and refuse one too many for the address alone`, async () => {
          await start({
            LIMIT_IP_PER_MINUTE: '4',
            LIMIT_CHAT_PER_MINUTE: '50',
            LIMIT_BAD_KEYS_PER_MINUTE: '50',
          });
          const owner = await app.api.signUp();
          await owner.get('/api/clients/me');
          const answers = await oneByOne(5, () => owner.send('POST', path, {}, headers));
          expect(statuses(answers)).to.deep.equal([status, status, 429, 429, 429]);
          const policies = answers.map((answer) => answer.headers.get('ratelimit-policy'));
          const passed = `"ip";q=4;w=60, ${further}`;
          expect(policies).to.deep.equal([passed, passed, ...Array(3).fill('"ip";q=4;w=60')]);
          expect(answers[1]?.headers.get('ratelimit')).to.match(/^"ip";r=0;t=\d+, "[a-z-]+";r=48;t=\d+$/);
          for (const answer of answers.slice(2)) {
            expectLimited(answer, 'ip', IP_REFUSED, 60);
            expect(answer.headers.get('ratelimit')).to.match(/^"ip";r=0;t=\d+$/);
          }
          expect(app.blocks).to.deep.equal(['ip']);
        });
      }
    }

    it('count what is no turn but has its path, too', async () => {
      await start({ LIMIT_IP_PER_MINUTE: '4' });
      const asked = await oneByOne(5, (index) =>
        app.api.send(index % 2 ? 'HEAD' : 'GET', '/api/chat', undefined),
      );
      expect(statuses(asked)).to.deep.equal([405, 405, 405, 405, 429]);
    });

    it('spare whoever hammers on the look at its key', async () => {
      await start({ LIMIT_IP_PER_MINUTE: '4' });
      const authorize = app.container.get(Authorize);
      const execute = authorize.execute.bind(authorize);
      let looks = 0;
      authorize.execute = (...args) => {
        looks += 1;
        return execute(...args);
      };
      const answers = await oneByOne(200, () => app.api.post('/api/chat', {}));
      expect(answers.filter(({ status }) => status === 429)).to.have.length(196);
      expect(looks).to.be.below(40);
    });

    for (const [where, harm] of [
      ['in memory', null],
      ['on Redis', async () => undefined],
      ['while Redis is frozen', async (server: RedisServer) => server.freeze()],
    ] as const) {
      it(`do not use up its client's own, ${where}`, async () => {
        const server = harm === null ? null : await RedisServer.start();
        try {
          await start({
            LIMIT_IP_PER_MINUTE: '10',
            LIMIT_CHAT_PER_MINUTE: '50',
            TRUST_PROXY: '127.0.0.1',
            CONVERSATION_CACHE: 'memory',
            ...(server === null ? {} : { REDIS_URL: server.url }),
          });
          const owner = await app.api.signUp();
          const characterId = await owner.createCharacter();
          if (server !== null) await harm?.(server);
          const connection = await RawConnection.open(owner.url);
          const body = JSON.stringify({ characterId, message: 'Hello' });
          const request =
            `POST /api/chat HTTP/1.1\r\nHost: a\r\nx-api-key: ${owner.apiKey}\r\nx-forwarded-for: 192.0.2.1\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
          connection.write(request.repeat(100));
          const hammered = [];
          for (let count = 0; count < 100; count += 1) hammered.push((await connection.nextAnswer())?.status);
          connection.destroy();
          expect(hammered.filter((status) => status === 200)).to.have.length(10);
          expect(hammered.filter((status) => status === 429)).to.have.length(90);
          const other = await turnFrom(owner, '192.0.2.2', characterId);
          expect(other.status).to.equal(200);
          expect(other.headers.get('ratelimit')).to.match(/^"ip";r=9;t=\d+, "chat";r=39;t=\d+$/);
          expect(app.blocks).to.deep.equal(['ip']);
        } finally {
          server?.thaw();
          await server?.stop();
        }
      });
    }
  });

  describe('of a client', () => {
    const chat = (owner: ApiClient, characterId: string, more: object = {}) =>
      owner.post('/api/chat', { characterId, message: 'Hello', ...more });

    it('count turns and other requests apart, each client by itself', async () => {
      await start({ LIMIT_CHAT_PER_MINUTE: '2', LIMIT_REQUESTS_PER_MINUTE: '4' });
      const owner = await app.api.signUp();
      const other = await app.api.signUp();
      const characterId = await owner.createCharacter();
      const turns = await oneByOne(3, () => chat(owner, characterId));
      expect(statuses(turns)).to.deep.equal([200, 200, 429]);
      expect(turns[1]?.headers.get('ratelimit-policy')).to.equal('"chat";q=2;w=60');
      expect(turns[1]?.headers.get('ratelimit')).to.match(/^"chat";r=0;t=(60|59)$/);
      const [, , refused] = turns;
      if (refused === undefined) throw new Error('no third turn');
      expectLimited(
        refused,
        'chat',
        'The limit "chat" was hit: 2 chat requests of this account in 60 seconds.',
        60,
      );
      const others = await oneByOne(4, () => owner.get('/api/characters'));
      expect(statuses(others)).to.deep.equal([200, 200, 200, 429]);
      expect((await other.get('/api/characters')).status).to.equal(200);
      expect(app.blocks).to.deep.equal(['chat', 'requests']);
    });

    it('let a refused request do nothing: no model is asked, and nothing is written', async () => {
      await start({ LIMIT_CHAT_PER_MINUTE: '1', LIMIT_REQUESTS_PER_MINUTE: '3' });
      const owner = await app.api.signUp();
      const characterId = await owner.createCharacter();
      await chat(owner, characterId, { conversationId: 'c' });
      expect((await chat(owner, characterId, { conversationId: 'c' })).status).to.equal(429);
      expect(app.llm.prompts).to.have.length(1);
      const { body } = await owner.get('/api/conversations/c');
      expect(body.messages).to.have.length(2);
      await owner.get('/api/characters');
      const refused = await owner.post('/api/characters', { name: 'B', instructions: 'C' });
      expect(refused.status).to.equal(429);
    });

    it('bound the turns that run at the same time, and free a slot when a turn ends or its caller leaves', async () => {
      await start({ LIMIT_CONCURRENT_TURNS: '2' });
      const owner = await app.api.signUp();
      const characterId = await owner.createCharacter();
      const held = app.llm.hold();
      const begin = async (signal?: AbortSignal) => {
        const called = app.llm.nextCall();
        const body = { characterId, message: 'Hello' };
        const answer = owner.send('POST', '/api/chat', body, {}, signal);
        answer.catch(() => undefined);
        return { answer, called: await called };
      };
      const leaving = new AbortController();
      const first = await begin(leaving.signal);
      const second = await begin();
      const refused = await oneByOne(3, () => chat(owner, characterId));
      for (const response of refused) {
        expectProblem(response, 'rate_limited', {
          detail: 'The limit "turns" was hit: 2 turns of this account at the same time.',
          retryAfter: '1',
        });
        expect(response.headers.get('ratelimit-policy')).to.equal('"turns";q=2;qu="concurrent-requests"');
        expect(response.headers.get('ratelimit')).to.equal('"turns";r=0;t=1');
      }
      expect(app.blocks).to.deep.equal(['turns']);
      const left = new Promise((resolve) => first.called.addEventListener('abort', resolve));
      leaving.abort();
      await left;
      const third = await begin();
      held.release();
      expect(statuses([await second.answer, await third.answer])).to.deep.equal([200, 200]);
      expect(statuses(await times(2, () => chat(owner, characterId)))).to.deep.equal([200, 200]);
    });

    it('name the turns at the same time beside the turns in a minute when those are what refuses', async () => {
      await start({ LIMIT_CHAT_PER_MINUTE: '9', LIMIT_CONCURRENT_TURNS: '1' });
      const owner = await app.api.signUp();
      const characterId = await owner.createCharacter();
      const held = app.llm.hold();
      const called = app.llm.nextCall();
      const running = chat(owner, characterId);
      await called;
      const { headers } = await chat(owner, characterId);
      expect(headers.get('ratelimit-policy')).to.equal(
        '"chat";q=9;w=60, "turns";q=1;qu="concurrent-requests"',
      );
      expect(headers.get('ratelimit')).to.match(/^"chat";r=7;t=(60|59), "turns";r=0;t=1$/);
      held.release();
      expect((await running).headers.get('ratelimit-policy')).to.equal('"chat";q=9;w=60');
    });

    it('are those that the operator has set for it, from the next request on', async () => {
      await start({
        LIMIT_CHAT_PER_MINUTE: '100',
        LIMIT_REQUESTS_PER_MINUTE: '2',
        LIMIT_CONCURRENT_TURNS: '5',
      });
      const owner = await app.api.signUp();
      const characterId = await owner.createCharacter();
      const { body } = await owner.get('/api/clients/me');
      expect((await owner.get('/api/clients/me')).status).to.equal(429);
      await app.container
        .get(MANAGED_CLIENTS)
        .update(body.id, { limits: { chatPerMinute: 1, requestsPerMinute: 0, concurrentTurns: 0 } });
      const responses = await oneByOne(5, () => owner.get('/api/clients/me'));
      expect(statuses(responses)).to.deep.equal([200, 200, 200, 200, 200]);
      expect(responses[0]?.headers.has('ratelimit')).to.equal(false);
      expect(statuses(await oneByOne(2, () => chat(owner, characterId)))).to.deep.equal([200, 429]);
    });
  });

  describe('of sign-ups', () => {
    const signUp = (address: string) =>
      app.api.post(
        '/auth/signup',
        { email: `${crypto.randomUUID()}@example.com`, password: 'correct horse battery' },
        from(address),
      );

    it('hold for each address, and for the whole service at ten times as many', async () => {
      await start({ LIMIT_SIGNUPS_PER_HOUR: '2', TRUST_PROXY: '127.0.0.1' });
      const own = await oneByOne(30, () => signUp('192.0.2.1'));
      expect(statuses(own).filter((status) => status === 201)).to.have.length(2);
      const [, , refused] = own;
      if (refused === undefined) throw new Error('no third sign-up');
      expectLimited(
        refused,
        'signup',
        'The limit "signup" was hit: 2 sign-ups from this address in 3600 seconds.',
        3600,
      );
      const all = await oneByOne(20, (index) => signUp(`198.51.100.${index}`));
      expect(statuses(all)).to.deep.equal([...Array(18).fill(201), 429, 429]);
      const last = all.at(-1);
      if (last === undefined) throw new Error('no last sign-up');
      const retryAfter = last.headers.get('retry-after') ?? '';
      expectProblem(last, 'rate_limited', {
        detail: 'The limit "signup-total" was hit: 20 sign-ups to this service in 3600 seconds.',
        retryAfter,
      });
      expect(Number(retryAfter)).to.be.within(3590, 3600);
      expect(app.blocks).to.deep.equal(['signup', 'signup-total']);
    });

    it('count for the whole service only what comes about', async () => {
      await start({ LIMIT_SIGNUPS_PER_HOUR: '2', TRUST_PROXY: '127.0.0.1' });
      const taken = { email: 'ada@example.com', password: 'correct horse battery' };
      expect((await app.api.post('/auth/signup', taken, from('192.0.2.1'))).status).to.equal(201);
      const nonsense = await times(60, (index) =>
        app.api.post('/auth/signup', index % 2 === 0 ? {} : taken, from(`192.0.2.${100 + index}`)),
      );
      expect(new Set(statuses(nonsense))).to.deep.equal(new Set([400, 409]));
      const all = await oneByOne(20, (index) => signUp(`198.51.100.${index}`));
      expect(statuses(all)).to.deep.equal([...Array(19).fill(201), 429]);
    });

    it('do not hold for the operator', async () => {
      await start({ LIMIT_SIGNUPS_PER_HOUR: '1', SIGNUP: 'operator', FASTWRAP_API_KEY: SERVICE_KEY });
      const made = await oneByOne(3, () =>
        app.api.post(
          '/auth/signup',
          { email: `${crypto.randomUUID()}@example.com`, password: 'correct horse battery' },
          { 'x-fastwrap-api-key': SERVICE_KEY },
        ),
      );
      expect(statuses(made)).to.deep.equal([201, 201, 201]);
    });
  });

  describe('of wrong keys', () => {
    it('hold for whoever sends them, and do not hold up good keys from the same address', async () => {
      await start({ LIMIT_BAD_KEYS_PER_MINUTE: '3' });
      const owner = await app.api.signUp();
      const bad = await oneByOne(5, () => owner.withKey('fw_wrong').get('/api/clients/me'));
      expect(statuses(bad)).to.deep.equal([401, 401, 401, 429, 429]);
      const last = bad.at(-1);
      if (last === undefined) throw new Error('no last request');
      expectLimited(
        last,
        'bad-keys',
        'The limit "bad-keys" was hit: 3 wrong API keys from this address in 60 seconds.',
        60,
      );
      expect((await owner.get('/api/clients/me')).status).to.equal(200);
      expectProblem(await app.api.get('/api/clients/me'), 'unauthenticated');
      expect(app.blocks).to.deep.equal(['bad-keys']);
    });

    it('refuse a guessed service key too, once its address has guessed too often', async () => {
      await start({
        LIMIT_BAD_KEYS_PER_MINUTE: '3',
        FASTWRAP_API_KEY: SERVICE_KEY,
        TRUST_PROXY: '127.0.0.1',
      });
      const list = (key: string, address: string) =>
        app.api.get('/admin/clients', { 'x-fastwrap-api-key': key, ...from(address) });
      expect(statuses(await times(20, () => list(SERVICE_KEY, '192.0.2.1')))).to.deep.equal(
        Array(20).fill(200),
      );
      const guesses = await oneByOne(5, () => list('operator-key-guessed', '192.0.2.1'));
      expect(statuses(guesses)).to.deep.equal([401, 401, 401, 429, 429]);
      expect((await list(SERVICE_KEY, '192.0.2.1')).status).to.equal(429);
      expect((await list(SERVICE_KEY, '192.0.2.2')).status).to.equal(200);
      expect(app.blocks).to.deep.equal(['service-key']);
    });
  });

  describe('of passwords', () => {
    const PASSWORD = 'correct horse battery';

    it('count right ones over all processes on Redis, and answer alike where there is no account', async () => {
      const redis = await RedisServer.start();
      const other = new LimitedApp();
      const env = { LIMIT_PASSWORDS_PER_15_MINUTES: '1', TRUST_PROXY: '127.0.0.1', REDIS_URL: redis.url };
      try {
        await start(env);
        await other.start(env);
        const attempt = (on: LimitedApp, email: string, address: string) =>
          on.api.post('/auth/keys', { email, password: PASSWORD }, from(address));
        for (const each of [app, other]) await each.api.signUp(`owner-${each === app}@example.com`);
        const answers = await oneByOne(11, (index) =>
          attempt(index % 2 === 0 ? app : other, `owner-${index % 2 === 0}@example.com`, '192.0.2.1'),
        );
        expect(new Set(statuses(answers))).to.deep.equal(new Set([201]));
        const more = await oneByOne(10, () => attempt(app, 'owner-true@example.com', '192.0.2.1'));
        expect(statuses(more)).to.deep.equal([201, 201, 201, 201, ...Array(6).fill(429)]);
        expect((await attempt(app, 'owner-true@example.com', '192.0.2.2')).status).to.equal(201);
        const nobody = await oneByOne(11, () => attempt(other, 'nobody@example.com', '192.0.2.3'));
        expect(statuses(nobody)).to.deep.equal([...Array(10).fill(401), 429]);
      } finally {
        await other.stop();
        await redis.stop();
      }
    });

    it('are wrong within the share of a process that counts alone', async () => {
      await start({ LIMIT_PASSWORDS_PER_15_MINUTES: '6', INSTANCES: '3' });
      await app.api.signUp('ada@example.com');
      const attempt = (password: string) =>
        app.api.post('/auth/keys', { email: 'ada@example.com', password });
      expect((await attempt('wrong')).status).to.equal(401);
      expect((await attempt(PASSWORD)).status).to.equal(201);
      expect((await attempt('wrong')).status).to.equal(401);
      expect((await attempt(PASSWORD)).status).to.equal(401);
      expect(app.blocks).to.deep.equal(['password']);
    });
  });

  it('give out a process’s share of turns at the same time where each counts alone', async () => {
    await start({ LIMIT_CONCURRENT_TURNS: '7', INSTANCES: '3' });
    const owner = await app.api.signUp();
    const characterId = await owner.createCharacter();
    const held = app.llm.hold();
    const turn = () => owner.post('/api/chat', { characterId, message: 'Hello' });
    const running = [];
    for (let count = 0; count < 2; count += 1) {
      const called = app.llm.nextCall();
      running.push(turn());
      await called;
    }
    expectProblem(await turn(), 'rate_limited', {
      detail: 'The limit "turns" was hit: 2 turns of this account at the same time.',
      retryAfter: '1',
    });
    held.release();
    expect(statuses(await Promise.all(running))).to.deep.equal([200, 200]);
  });

  it('are off at 0, all of them', async () => {
    await start({});
    const owner = await app.api.signUp();
    const characterId = await owner.createCharacter();
    const turn = await owner.post('/api/chat', { characterId, message: 'Hello' });
    for (const name of ['ratelimit', 'ratelimit-policy', 'retry-after']) {
      expect(turn.headers.has(name), name).to.equal(false);
    }
  });
});
