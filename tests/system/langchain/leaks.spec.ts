import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { FailoverLlmGateway } from '#src/adapters/failover/failover-llm-gateway.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import { prompt } from '#tests/contracts/llm-gateway.contract.js';
import { FakeOpenAi, half, refuse, resetAfter } from '#tests/support/fakes/fake-openai.js';
import { connect } from '../../unit/adapters/langchain/connection.js';

const AT_A_TIME = 20;

function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Lets everything that is over come to rest, and mocha start its own timer. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
}

for (const [provider, model, calls] of [
  ['openai-compatible', 'some-model', 5000],
  ['mistral', 'mistral-small-latest', 1000],
] as const) {
  describe(`${calls} plain and ${calls} streamed calls on ${provider}`, () => {
    let upstream: FakeOpenAi;
    beforeEach(async () => {
      upstream = await FakeOpenAi.start();
    });
    afterEach(() => upstream.close());

    it('leave no timer, handle, listener, warning or unhandled rejection behind', async function () {
      this.timeout(60_000);
      await quiet();
      const before = resources();
      const complaints: unknown[] = [];
      const complain = (complaint: unknown) => complaints.push(complaint);
      process.on('warning', complain).on('unhandledRejection', complain);
      const { gateway, close } = connect(provider, upstream.baseUrl);
      const failover = new FailoverLlmGateway({
        primary: { gateway, model: null },
        fallback: null,
        clock: new SystemClock(),
        totalMs: 30_000,
        // No retry: a pause for each would take too long here.
        firstTokenMs: 1,
      });
      let left = calls;
      const caller = async () => {
        const { signal } = new AbortController();
        while (left > 0) {
          left -= 1;
          await failover.generate(prompt(model), signal);
          await failover.stream(prompt(model), signal, async () => {});
        }
        expect(getEventListeners(signal, 'abort')).to.have.length(0);
      };
      await Promise.all(Array.from({ length: AT_A_TIME }, caller));
      expect(upstream.requests).to.have.length(2 * calls);
      expect(upstream.connections).to.be.at.most(4 * AT_A_TIME);

      for (const behaviour of [refuse(429), half('reset'), half('end'), resetAfter(0)]) {
        for (let i = 0; i < 20; i += 1) {
          upstream.behaviour = behaviour;
          const leaver = new AbortController();
          const leave = async () => leaver.abort(new Error('gone'));
          const asked = prompt(`${model}-${i}`);
          await failover.generate(asked, leaver.signal).catch(() => {});
          await failover.stream(asked, leaver.signal, leave).catch(() => {});
          expect(getEventListeners(leaver.signal, 'abort')).to.have.length(0);
        }
      }
      await upstream.idle();
      await close();
      await quiet();
      expect(resources()).to.deep.equal(before);
      expect(complaints).to.deep.equal([]);
      process.off('warning', complain).off('unhandledRejection', complain);
    });
  });
}
