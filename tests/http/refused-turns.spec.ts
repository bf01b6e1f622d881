import { expect } from 'chai';
import { Redis } from 'ioredis';
import { RequestLimits } from '#src/application/limits/request-limits.js';
import { STANDARD_TERMS } from '#src/domain/client-terms.js';
import type { ClientPrincipal } from '#src/domain/principal.js';
import { LimitedApp } from '#tests/support/limited-app.js';
import { describeWithRedis } from '#tests/support/with-redis.js';

const LIMIT = 5;
const CLIENT: ClientPrincipal = {
  kind: 'client',
  clientId: 'ada',
  keyId: 'key',
  ...STANDARD_TERMS,
};
/** Nothing of it reaches Redis later, as the release of a slot would. */
const UNSLOTTED: ClientPrincipal = { ...CLIENT, limits: { ...CLIENT.limits, concurrentTurns: 0 } };
const ORIGIN = {
  requestId: 'r',
  address: null,
  addressUnit: '192.0.2.1',
  actor: 'client',
  actorKeyId: 'key',
} as const;

describeWithRedis('the limits on turns, as Redis sees them', (redis) => {
  let app: LimitedApp;
  let limits: RequestLimits;
  let monitor: Redis;

  beforeEach(async () => {
    app = new LimitedApp();
    await app.start({
      REDIS_URL: redis().url,
      LIMIT_CHAT_PER_MINUTE: String(LIMIT),
      LIMIT_CONCURRENT_TURNS: String(LIMIT),
    });
    limits = app.container.get(RequestLimits);
    monitor = new Redis(redis().url);
    await monitor.flushall();
    // The script is known from then on.
    await limits.turn({ ...UNSLOTTED, clientId: 'another' }, ORIGIN);
  });
  afterEach(async () => {
    monitor.disconnect();
    await app.stop();
  });

  /** How many scripts were run meanwhile. */
  async function scriptsOf(operation: () => Promise<unknown>): Promise<number> {
    const runs = async () => {
      const stats = await monitor.info('commandstats');
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    const before = await runs();
    await operation();
    return (await runs()) - before;
  }

  it('ask it once for a turn, for both of them', async () => {
    const decisions: unknown[] = [];
    const scripts = await scriptsOf(async () => {
      const { rate, slot } = await limits.turn(CLIENT, ORIGIN);
      decisions.push(rate?.allowed, slot?.decision.allowed);
    });
    expect(decisions).to.deep.equal([true, true]);
    expect(scripts).to.equal(1);
  });

  it('ask it nothing for whoever hammers on, and hold no slot', async () => {
    for (let count = 0; count <= LIMIT; count += 1) await limits.turn(UNSLOTTED, ORIGIN);
    const scripts = await scriptsOf(async () => {
      for (let count = 0; count < 100; count += 1) {
        const { rate, slot } = await limits.turn(CLIENT, ORIGIN);
        expect({ allowed: rate?.allowed, slot }).to.deep.equal({ allowed: false, slot: null });
      }
    });
    expect(scripts).to.equal(0);
    const { slot } = await limits.turn(
      { ...CLIENT, limits: { ...CLIENT.limits, chatPerMinute: 100 } },
      ORIGIN,
    );
    expect(slot?.decision).to.include({ allowed: true, remaining: LIMIT - 1 });
  });
});
