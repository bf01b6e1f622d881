import { expect } from 'chai';
import type { AttemptListener, TextListener } from '#src/application/ports/chat/llm-gateway.js';
import type { ModelAttempt } from '#src/application/ports/chat/model-attempt.js';
import type { Usage } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { estimatePrompt, estimateTokens } from '#src/domain/models/token-estimate.js';
import { prompt, rejection } from '#tests/contracts/llm-gateway.contract.js';
import {
  type Answer,
  complete,
  completionBody,
  FakeOpenAi,
  half,
  hang,
  json,
  refuse,
  resetAfter,
} from '#tests/support/fakes/fake-openai.js';
import { freePort } from '#tests/support/processes/free-port.js';
import { type Connection, connect } from './connection.js';

const COUNTED: Usage = { inputTokens: 12, outputTokens: 3, totalTokens: 15, estimated: false };
const ASKED = estimatePrompt(prompt('any').messages);

function estimated(outputTokens: number): Usage {
  return { inputTokens: ASKED, outputTokens, totalTokens: ASKED + outputTokens, estimated: true };
}

for (const [provider, model] of [
  ['openai-compatible', 'some-model'],
  ['mistral', 'mistral-small-latest'],
] as const) {
  for (const streamed of [false, true]) {
    describe(`an answer that cannot be used, ${streamed ? 'streamed' : 'plain'}, on ${provider}`, () => {
      let upstream: FakeOpenAi;
      let connection: Connection;
      let attempts: ModelAttempt[];
      let attemptUsages: Usage[];

      before(() => connect(provider, null).gateway.warmUp());
      beforeEach(async () => {
        upstream = await FakeOpenAi.start();
        connection = connect(provider, upstream.baseUrl);
        attempts = [];
        attemptUsages = [];
      });
      afterEach(async () => {
        await connection.close();
        await upstream.close();
      });

      const keepAttempt: AttemptListener = (attempt) => {
        attempts.push(attempt);
        if (attempt.outcome !== 'completed' && attempt.usage !== null) attemptUsages.push(attempt.usage);
      };
      const call = ({ gateway }: Connection, signal = new AbortController().signal) => {
        return streamed
          ? gateway.stream(prompt(model), signal, async () => {}, keepAttempt)
          : gateway.generate(prompt(model), signal, keepAttempt);
      };
      const ask = (answer: Answer) => {
        upstream.behaviour = complete(answer);
        return call(connection);
      };

      for (const [what, answer] of [
        ['was filtered', { finishReason: 'content_filter' }],
        ['has no text', { content: '' }],
        ['ends for no known reason', { finishReason: 'tired' }],
      ] as const) {
        it(`is reported once, as its provider counted it, when it ${what}`, async () => {
          await rejection(ask(answer));
          expect(attemptUsages).to.deep.equal([COUNTED]);
        });
      }

      // Mistral's client takes no plain answer without a count for one.
      if (streamed || provider !== 'mistral') {
        it('is reported as an estimate when its provider counted nothing', async () => {
          await rejection(ask({ finishReason: 'content_filter', usage: null }));
          expect(attemptUsages).to.deep.equal([estimated(estimateTokens('Good day.'))]);
        });
      }

      it('is another than one that can be used', async () => {
        expect((await ask({})).usage).to.deep.equal(COUNTED);
        const [{ elapsedMs, ...attempt } = { elapsedMs: -1 }, ...others] = attempts;
        expect(attempt).to.deep.equal({ model, outcome: 'completed', usage: COUNTED });
        expect(elapsedMs).to.be.at.least(0);
        expect(others).to.deep.equal([]);
      });

      it('has cost the prompt when the caller goes before a word came', async () => {
        upstream.behaviour = hang();
        const caller = new AbortController();
        const received = upstream.nextRequest();
        const answer = rejection(call(connection, caller.signal));
        await received;
        caller.abort();
        await answer;
        expect(attemptUsages).to.deep.equal([estimated(0)]);
      });

      it('has cost the prompt when it does not come in time', async () => {
        upstream.behaviour = hang();
        const hasty = connect(provider, upstream.baseUrl, { totalMs: 100 });
        try {
          expect(await rejection(call(hasty)))
            .to.be.instanceOf(AppError)
            .and.include({ code: 'model_timeout' });
          expect(attemptUsages).to.deep.equal([estimated(0)]);
        } finally {
          await hasty.close();
        }
      });

      for (const [how, behaviour] of [
        ['is refused', refuse(503)],
        ['breaks off before it began', resetAfter(0)],
      ] as const) {
        it(`has cost nothing when the call ${how}`, async () => {
          upstream.behaviour = behaviour;
          await rejection(call(connection));
          expect(attempts.map(({ outcome, usage }) => [outcome, usage])).to.deep.equal([
            ['model_unavailable', null],
          ]);
        });
      }

      it('has cost nothing when nobody was asked', async () => {
        const dead = connect(provider, `http://127.0.0.1:${await freePort('127.0.0.1')}/v1`);
        try {
          await rejection(call(dead));
          await rejection(call(connection, AbortSignal.abort()));
          expect(attemptUsages).to.deep.equal([]);
          expect(upstream.requests).to.deep.equal([]);
        } finally {
          await dead.close();
        }
      });

      if (streamed) {
        it('is left to the reader of its beginning, when it is cut in its middle', async () => {
          upstream.behaviour = half('hang');
          const caller = new AbortController();
          const listener: TextListener = async () => caller.abort();
          await rejection(connection.gateway.stream(prompt(model), caller.signal, listener, keepAttempt));
          expect(attemptUsages).to.deep.equal([]);
        });
      } else {
        it('is reported as its provider counted it, when it has no choices', async () => {
          upstream.behaviour = (request, response) =>
            json(200, { ...completionBody(request.body), choices: [] })(request, response);
          await rejection(call(connection));
          expect(attemptUsages).to.deep.equal([COUNTED]);
        });
      }
    });
  }
}
