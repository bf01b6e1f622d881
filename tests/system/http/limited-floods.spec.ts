import { expect } from 'chai';
import type { ApiResponse } from '#tests/support/fixtures/api-client.js';
import { LimitedApp } from '#tests/support/fixtures/limited-app.js';

describe('the limit of an address', () => {
  let app: LimitedApp;

  const start = async (env: Readonly<Record<string, string>>) => {
    app = new LimitedApp();
    await app.start(env);
  };
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const times = (count: number, make: (index: number) => Promise<ApiResponse>): Promise<ApiResponse[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => make(index)));

  afterEach(() => app.stop());

  it('lets exactly that many through of 1,000 simultaneous requests', async () => {
    await start({ LIMIT_IP_PER_MINUTE: '100' });
    const responses = await times(1000, () => app.api.get('/'));
    expect(responses.filter(({ status }) => status === 200)).to.have.length(100);
    expect(responses.filter(({ status }) => status === 429)).to.have.length(900);
    expect(app.blocks).to.deep.equal(['ip']);
  });

  it('lets no more through of 10,000 requests from rotating addresses inside one /64', async () => {
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
});
