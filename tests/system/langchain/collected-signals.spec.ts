import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { prompt, rejection } from '#tests/contracts/llm-gateway.contract.js';
import { drip, FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import { type Connection, connect } from '../../unit/adapters/langchain/connection.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Far longer than a test may take. */
const ENDLESS = drip(20, { content: 'word '.repeat(5000) });

for (const [provider, model] of [
  ['openai-compatible', 'some-model'],
  ['mistral', 'mistral-small-latest'],
] as const) {
  describe(`calls on ${provider} that are called off after garbage was collected`, () => {
    let upstream: FakeOpenAi;
    let connection: Connection;

    beforeEach(async () => {
      upstream = await FakeOpenAi.start();
      upstream.behaviour = ENDLESS;
      connection = connect(provider, upstream.baseUrl);
    });
    afterEach(async () => {
      await connection.close();
      await upstream.close();
    });

    for (const form of ['plain', 'streamed'] as const) {
      it(`end at the provider, too: ${form}`, async () => {
        const caller = new AbortController();
        const call = rejection(
          form === 'plain'
            ? connection.gateway.generate(prompt(model), caller.signal)
            : connection.gateway.stream(prompt(model), caller.signal, async () => {}),
        );
        while (upstream.requests.length === 0) await new Promise(setImmediate);
        for (let rounds = 0; rounds < 5; rounds += 1) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          collectGarbage();
        }
        caller.abort(new Error('gone'));
        expect(await call).to.have.property('message', 'gone');
        await upstream.requests[0]?.over;
      });
    }
  });
}
