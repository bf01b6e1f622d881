import { expect } from 'chai';
import type { WasteListener } from '#src/application/ports/llm-gateway.js';
import type { Usage } from '#src/domain/turn.js';
import { prompt, rejection } from '#tests/contracts/llm-gateway.contract.js';
import { type Answer, complete, FakeOpenAi } from '#tests/support/fake-openai.js';
import { type Connection, connect } from './connection.js';

const COUNTED: Usage = { inputTokens: 12, outputTokens: 3, totalTokens: 15, estimated: false };

for (const [provider, model] of [
  ['openai-compatible', 'some-model'],
  ['mistral', 'mistral-small-latest'],
] as const) {
  for (const streamed of [false, true]) {
    describe(`an answer that cannot be used, ${streamed ? 'streamed' : 'plain'}, on ${provider}`, () => {
      let upstream: FakeOpenAi;
      let connection: Connection;
      let wasted: Usage[];

      before(() => connect(provider, null).gateway.warmUp());
      beforeEach(async () => {
        upstream = await FakeOpenAi.start();
        connection = connect(provider, upstream.baseUrl);
        wasted = [];
      });
      afterEach(async () => {
        await connection.close();
        await upstream.close();
      });

      const ask = (answer: Answer) => {
        upstream.behaviour = complete(answer);
        const idle = new AbortController().signal;
        const onWaste: WasteListener = (usage) => wasted.push(usage);
        const { gateway } = connection;
        return streamed
          ? gateway.stream(prompt(model), idle, async () => {}, onWaste)
          : gateway.generate(prompt(model), idle, onWaste);
      };

      for (const [what, answer] of [
        ['was filtered', { finishReason: 'content_filter' }],
        ['has no text', { content: '' }],
        ['ends for no known reason', { finishReason: 'tired' }],
      ] as const) {
        it(`is told of once, as its provider counted it, when it ${what}`, async () => {
          await rejection(ask(answer));
          expect(wasted).to.deep.equal([COUNTED]);
        });
      }

      it('is not told of when its provider counted nothing', async () => {
        await rejection(ask({ finishReason: 'content_filter', usage: null }));
        expect(wasted).to.deep.equal([]);
      });

      it('is another than one that can be used', async () => {
        expect((await ask({})).usage).to.deep.equal(COUNTED);
        expect(wasted).to.deep.equal([]);
      });
    });
  }
}
