import { expect } from 'chai';
import { describeWithRedis } from '../support/processes/with-redis.js';
import { runLanes } from './run-lanes.js';
import { isSabotage, SABOTAGE, type SabotageKind } from './sabotage.js';

const SEED = 20_261_123;
const SMALL = { runs: 1, lanes: 1, writers: 20, turnsPerWriter: 8 };

/** A fault of the cache, and what the checker says of it. */
const FOUND: Record<SabotageKind, RegExp> = {
  unfenced: /^(out of the order of fences|said to be turn)/,
  twice: /^stored 2 times/,
  half: /^no pair/,
  forgotten: /^acknowledged and lost/,
  stray: /^stored in /,
  refused: /^stored though refused/,
  rerun: /^(stored \d+ times|answered as another turn)/,
};

describeWithRedis('the history of concurrent turns on Redis', () => {
  it('fits what is stored, whatever fails: processes, Redis, connections', async function () {
    this.timeout(60_000);
    const tally = await runLanes({ ...SMALL, runs: 2, lanes: 2, seed: SEED, sabotage: null });
    process.stdout.write(`    seed ${SEED}: ${tally}\n`);
    expect(tally.violations).to.deep.equal([]);
    expect(tally.acknowledged).to.be.at.least(2 * SMALL.writers * SMALL.turnsPerWriter);
    for (const kind of ['kill', 'freezeRedis', 'reset'] as const) {
      expect(tally.faults.get(kind), kind).to.be.at.least(2);
    }
  });

  for (const kind of Object.keys(SABOTAGE).filter(isSabotage)) {
    it(`would show a cache that ${SABOTAGE[kind]}`, async function () {
      this.timeout(60_000);
      const { violations } = await runLanes({ ...SMALL, seed: SEED, sabotage: kind, withFaults: false });
      expect(violations.filter(({ what }) => FOUND[kind].test(what))).not.to.deep.equal([]);
    });
  }
});
