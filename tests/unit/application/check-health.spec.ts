import { expect } from 'chai';
import sinon from 'sinon';
import { CheckHealth } from '#src/application/health/check-health.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';

const never = () => new Promise<never>(() => undefined);
const ok = async () => undefined;

describe('CheckHealth', () => {
  let timers: sinon.SinonFakeTimers;

  beforeEach(() => {
    timers = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    expect(timers.countTimers(), 'timers left behind').to.equal(0);
    timers.restore();
  });

  const check = (database: () => Promise<void>, cache: () => Promise<void>, isRefusing = false) =>
    new CheckHealth({
      clients: { check: database },
      conversations: { check: cache },
      modelHealth: { isRefusing: () => isRefusing },
      modelPolicy: { defaultModel: 'm', allowedModels: ['m'], maxOutputTokens: 1 },
      clock: new ManualClock(),
    }).execute();

  for (const [part, database, cache] of [
    ['database', never, ok],
    ['cache', ok, never],
  ] as const) {
    it(`counts a ${part} that hangs as down after one second, and no sooner`, async () => {
      let health: object | null = null;
      const checked = check(database, cache).then((answer) => {
        health = answer;
      });
      await timers.tickAsync(999);
      expect(health).to.equal(null);
      await timers.tickAsync(1);
      await checked;
      expect(health).to.deep.equal({
        status: 'down',
        uptimeSeconds: 0,
        checks: { database: 'ok', cache: 'ok', model: 'ok', [part]: 'down' },
      });
    });
  }

  it('waits for nobody where all answer', async () => {
    expect(await check(ok, ok)).to.include({ status: 'ok' });
    expect(await check(ok, ok, true)).to.include({ status: 'degraded' });
    expect(await check(ok, () => Promise.reject(new Error('away')))).to.include({ status: 'down' });
  });
});
