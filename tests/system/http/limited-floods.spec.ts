import { expect } from 'chai';
import type { ApiResponse } from '#tests/support/fixtures/api-client.js';
import { LimitedApp } from '#tests/support/fixtures/limited-app.js';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { RedisServer } from '#tests/support/processes/redis-server.js';

const SERVICE_KEY = 'operator-key-0123456789';

describe('limits under a flood', () => {
  let app: LimitedApp;

  const start = async (env: Readonly<Record<string, string>>) => {
    app = new LimitedApp();
    await app.start(env);
  };
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const statuses = (responses: readonly ApiResponse[]) => responses.map(({ status }) => status);
  const times = (count: number, make: (index: number) => Promise<ApiResponse>): Promise<ApiResponse[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => make(index)));

  afterEach(() => app.stop());

  it('let exactly the limit of an address through of 1,000 simultaneous requests', async () => {
    await start({ LIMIT_IP_PER_MINUTE: '100' });
    const responses = await times(1000, () => app.api.get('/'));
    expect(responses.filter(({ status }) => status === 200)).to.have.length(100);
    expect(responses.filter(({ status }) => status === 429)).to.have.length(900);
    expect(app.blocks).to.deep.equal(['ip']);
  });

  it('let no more through of 10,000 requests from rotating addresses inside one /64', async () => {
    await start({ LIMIT_IP_PER_MINUTE: '100', TRUST_PROXY: '127.0.0.1' });
    let passed = 0;
    for (let batch = 0; batch < 100; batch += 1) {
      const responses = await times(100, (index) => {
        const host = (batch * 100 + index).toString(16);
        return app.api.get('/', from(`203.0.113.${index}, 2001:db8:1:2:${host}:${host}::${host}`));
      });
      passed += responses.filter(({ status }) => status === 200).length;
    }
    expect(passed).to.equal(100);
    expect((await app.api.get('/', from('2001:db8:1:3::1'))).status).to.equal(200);
  });

  describe('of wrong service keys, at once', () => {
    let redis: RedisServer;

    before(async () => {
      redis = await RedisServer.start();
    });
    after(() => redis.stop());

    for (const store of ['memory', 'Redis']) {
      it(`hold for parallel guesses as for one after the other, and for no right one (${store})`, async () => {
        await start({
          LIMIT_BAD_KEYS_PER_MINUTE: '3',
          FASTWRAP_API_KEY: SERVICE_KEY,
          TRUST_PROXY: '127.0.0.1',
          ...(store === 'Redis' ? { REDIS_URL: redis.url } : {}),
        });
        const list = (key: string, address: string) =>
          app.api.get('/admin/clients', { 'x-fastwrap-api-key': key, ...from(address) });
        const right = await times(60, () => list(SERVICE_KEY, '192.0.2.1'));
        expect(new Set(statuses(right))).to.deep.equal(new Set([200]));
        const guesses = times(300, (index) => list(`operator-key-guess-${index}`, '192.0.2.1'));
        const answers = statuses(await guesses);
        expect(answers.filter((status) => status === 401)).to.have.length(3);
        expect(answers.filter((status) => status === 429)).to.have.length(297);
        expect((await list(SERVICE_KEY, '192.0.2.1')).status).to.equal(429);
        expect(app.blocks).to.deep.equal(['service-key']);
      });

      it(`look at no right one behind so many wrong ones, however close it follows (${store})`, async () => {
        await start({
          LIMIT_BAD_KEYS_PER_MINUTE: '3',
          FASTWRAP_API_KEY: SERVICE_KEY,
          TRUST_PROXY: '127.0.0.1',
          ...(store === 'Redis' ? { REDIS_URL: redis.url } : {}),
        });
        const connection = await RawConnection.open(app.api.url);
        const list = (key: string) =>
          `GET /admin/clients HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\nX-FastWrap-API-Key: ${key}\r\n\r\n`;
        const keys = ['wrong-key-a', 'wrong-key-b', 'wrong-key-c', SERVICE_KEY];
        connection.write(keys.map(list).join(''));
        const answered = [];
        for (const _ of keys) answered.push((await connection.nextAnswer())?.status);
        connection.destroy();
        expect(answered).to.deep.equal([401, 401, 401, 429]);
      });
    }
  });
});
