import { expect } from 'chai';
import { forgetPeak, memoryMib } from '#tests/support/assertions/process-figures.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { floodLogins } from '#tests/support/fixtures/login-flood.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';

const EMAIL = 'owner@example.com';
/** Of the middle one, on a machine that others may use. `npm run bench:logins` looks at the slowest. */
const MAX_READ_MS = 1000;
const MAX_GROWTH_MIB = 100;
/** So that the passwords themselves are what is guarded. */
const NO_LIMITS = {
  LIMIT_IP_PER_MINUTE: '0',
  LIMIT_REQUESTS_PER_MINUTE: '0',
  LIMIT_PASSWORDS_PER_15_MINUTES: '0',
};

describe('a flood of logins', function () {
  this.timeout(60_000);

  let folder: TestFolder;
  let server: ServerProcess;
  let api: ApiClient;
  let characterId: string;

  before(async () => {
    folder = await makeTestFolder();
    server = await ServerProcess.start({
      cwd: folder.path,
      env: { LOG_LEVEL: 'warn', TRUST_PROXY: '127.0.0.1', ...NO_LIMITS },
    });
    api = await new ApiClient(await server.url()).signUp(EMAIL);
    characterId = await api.createCharacter();
  });

  after(async () => {
    await server.kill();
    await folder.remove();
  });

  const flood = async (durationMs: number) =>
    floodLogins({
      url: await server.url(),
      apiKey: api.apiKey ?? '',
      characterId,
      email: EMAIL,
      loginsPerSecond: 200,
      readsPerSecond: 50,
      durationMs,
    });

  it('is refused but for what can be checked in a moment, and others are served meanwhile', async () => {
    await flood(1000);
    forgetPeak(server.pid);
    const { now: before } = memoryMib(server.pid);
    const { logins, retryAfterSeconds, readMs, failedReads } = await flood(3000);
    const { peak } = memoryMib(server.pid);
    expect(Object.keys(logins)).to.deep.equal(['401', '503']);
    expect(logins[503]).to.be.greaterThan(300);
    expect(logins[401]).to.be.greaterThan(10);
    expect(retryAfterSeconds).to.equal(1);
    expect(failedReads).to.equal(0);
    expect(readMs[Math.floor(readMs.length / 2)]).to.be.below(MAX_READ_MS);
    expect(peak - before).to.be.below(MAX_GROWTH_MIB);
  });

  it('leaves the owner able to log in afterwards', async () => {
    const response = await api
      .withKey(null)
      .post('/auth/keys', { email: EMAIL, password: 'correct horse battery' });
    expect(response.status).to.equal(201);
  });

  it('of right passwords of one account, from wherever, leaves everybody else able to log in and sign up', async () => {
    const post = (path: string, email: string, address: string) =>
      api
        .withKey(null)
        .post(path, { email, password: 'correct horse battery' }, { 'x-forwarded-for': address });
    await api.signUp('attacker@example.com');
    const attacks: Promise<number>[] = [];
    const honest: number[] = [];
    const timer = setInterval(() => {
      const index = attacks.length;
      const address = index % 2 === 0 ? '203.0.113.1' : `198.51.100.${index % 200}`;
      attacks.push(post('/auth/keys', 'attacker@example.com', address).then(({ status }) => status));
    }, 1000 / 90);
    try {
      for (let index = 0; index < 8; index += 1) {
        honest.push((await post('/auth/keys', EMAIL, `192.0.2.${index}`)).status);
        honest.push((await post('/auth/signup', `new${index}@example.com`, `192.0.2.${100 + index}`)).status);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    } finally {
      clearInterval(timer);
    }
    expect(await Promise.all(attacks)).to.include(503);
    expect(honest).to.deep.equal(Array(16).fill(201));
  });
});
