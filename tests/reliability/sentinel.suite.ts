import { expect } from 'chai';
import { conversationCacheContract } from '#tests/contracts/conversation-cache.contract.js';
import { type FailOverOutcome, failOver } from './fail-over.js';
import { RedisSentinels } from './redis-sentinels.js';
import { remoteHarness } from './remote-harness.js';

const FAILOVERS = 5;
const REPLICAS_BEHIND_MS = 300;
/** The sentinels need a second to see it, and about one to agree and promote. */
const MAX_GAP_MS = 6000;

describe('RedisConversationCache behind sentinels', function () {
  this.timeout(60_000);

  describe('as long as nothing fails', () => {
    let sentinels: RedisSentinels;
    before(async () => {
      sentinels = await RedisSentinels.start();
    });
    after(() => sentinels.stop());

    conversationCacheContract(
      remoteHarness(
        'Redis Sentinel',
        () => sentinels.url,
        () => sentinels.kill(),
      ),
    );
  });

  for (let number = 1; number <= FAILOVERS; number += 1) {
    it(`goes on after failover ${number}, with nothing doubled, halved or out of order`, async () => {
      const outcome = await failOver(number);
      show(outcome);
      expect(outcome.others).to.deep.equal([]);
      expect(outcome.gapMs).to.be.lessThan(MAX_GAP_MS);
    });
  }

  it('loses what was acknowledged that no replica had received, and nothing else goes wrong', async () => {
    const outcome = await failOver(FAILOVERS + 1, REPLICAS_BEHIND_MS);
    show(outcome);
    expect(outcome.lost).to.be.greaterThan(0);
    expect(outcome.others).to.deep.equal([]);
  });
});

function show({ gapMs, acknowledged, lost }: FailOverOutcome): void {
  process.stdout.write(
    `    no turn for ${gapMs.toFixed(0)} ms; of ${acknowledged} acknowledged turns ${lost} were lost\n`,
  );
}
