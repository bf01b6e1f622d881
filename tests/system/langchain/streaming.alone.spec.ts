import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { expect } from 'chai';
import type { TextListener } from '#src/application/ports/chat/llm-gateway.js';
import { estimateTokens } from '#src/domain/models/token-estimate.js';
import { modelError, type PromptChanges, prompt, rejection } from '#tests/contracts/llm-gateway.contract.js';
import {
  type Answer,
  type Behaviour,
  beginAnswer,
  complete,
  drip,
  FakeOpenAi,
  half,
  halfAValue,
  hang,
  hangAfterHeaders,
  raw,
  refuse,
  streamEvents,
} from '#tests/support/fakes/fake-openai.js';
import { type Connection, connect, watchRejections } from '#tests/unit/adapters/langchain/connection.js';

const MESSY = 'a\n\nevent: done\ndata: {}\n\n</script> \u2028 é 🥾👩‍👩‍👧 {x} "q" \\ \u0001';

/** Sends the bytes one at a time, in packets of their own. */
function byteByByte(answer: Answer): Behaviour {
  return async (request, response) => {
    beginAnswer(request, response);
    response.socket?.setNoDelay();
    for (const byte of Buffer.from(streamEvents(request.body, answer).join(''))) {
      response.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    response.end();
  };
}

/** Sends these texts as the body of an event stream, and ends it. */
function events(...texts: readonly string[]): Behaviour {
  return raw(200, texts.join(''), { 'content-type': 'text/event-stream' });
}

for (const [provider, model] of [
  ['openai-compatible', 'some-model'],
  ['mistral', 'mistral-small-latest'],
] as const) {
  describe(`LangChainLlmGateway streaming on ${provider}`, () => {
    let upstream: FakeOpenAi;
    let connection: Connection;
    const unhandled = watchRejections();
    const idle = () => new AbortController().signal;

    before(() => connect(provider, null).gateway.warmUp());
    beforeEach(async () => {
      upstream = await FakeOpenAi.start();
      connection = connect(provider, upstream.baseUrl);
    });
    afterEach(async () => {
      await connection.close();
      await upstream.close();
      expect(unhandled.splice(0)).to.deep.equal([]);
    });

    /** Everything that a streamed call showed: its pieces and how it ended. */
    const stream = async (behaviour: Behaviour, changes: PromptChanges = {}) => {
      upstream.behaviour = behaviour;
      const pieces: string[] = [];
      const completion = connection.gateway.stream(prompt(model, changes), idle(), async (text) => {
        pieces.push(text);
      });
      return { pieces, completion };
    };
    const limited = async (limits: { firstTokenMs?: number; chunkMs?: number; totalMs?: number }) => {
      await connection.close();
      connection = connect(provider, upstream.baseUrl, limits);
      return connection.gateway;
    };

    describe('the text', () => {
      it('arrives as both forms have it, byte for byte', async () => {
        const { pieces, completion } = await stream(complete({ content: MESSY, pieces: [...MESSY] }));
        expect((await completion).reply.content).to.equal(MESSY);
        expect(pieces.join('')).to.equal(MESSY);
        upstream.behaviour = complete({ content: MESSY });
        expect((await connection.gateway.generate(prompt(model), idle())).reply.content).to.equal(MESSY);
      });

      it('survives packets that end within a character', async () => {
        const { pieces, completion } = await stream(byteByByte({ pieces: ['Hi 🥾', 'é'] }));
        expect((await completion).reply.content).to.equal('Hi 🥾é');
        expect(pieces).to.deep.equal(['Hi 🥾', 'é']);
      });

      it('keeps half a character back until its other half has come', async () => {
        const { pieces, completion } = await stream(complete({ pieces: ['boot \ud83e', '\udd7e', '!'] }));
        expect((await completion).reply.content).to.equal('boot 🥾!');
        expect(pieces).to.deep.equal(['boot ', '🥾', '!']);
      });

      it('replaces halves that stay alone, the same in both forms', async () => {
        const alone = ['\udd7ea', '\ud83e', 'b\ud83e', '\ud83e\udd7e', 'c\ud83e'];
        const expected = '\ufffda\ufffdb\ufffd🥾c\ufffd';
        const { pieces, completion } = await stream(complete({ pieces: alone }));
        expect((await completion).reply.content).to.equal(expected);
        expect(pieces.every((piece) => piece.isWellFormed() && piece !== '')).to.equal(true);
        expect(pieces.join('')).to.equal(expected);
        upstream.behaviour = complete({ content: alone.join('') });
        expect((await connection.gateway.generate(prompt(model), idle())).reply.content).to.equal(expected);
      });

      it('is joined from text parts', async () => {
        const parts = [[{ type: 'text', text: 'Good ' }], [{ type: 'text', text: 'day.' }]];
        const { completion } = await stream((request, response) => {
          beginAnswer(request, response);
          for (const event of streamEvents(request.body, { pieces: ['@0', '@1'] })) {
            response.write(event.replace(/"@(\d)"/, (_, i) => JSON.stringify(parts[i])));
          }
          response.end();
        });
        expect((await completion).reply.content).to.equal('Good day.');
      });
    });

    describe('the end', () => {
      it('brings the usage that the last event reports', async () => {
        const { completion } = await stream(complete());
        expect((await completion).usage).to.deep.equal({
          inputTokens: 12,
          outputTokens: 3,
          totalTokens: 15,
          estimated: false,
        });
      });

      it('brings an estimated usage where none was reported', async () => {
        const { completion } = await stream(complete({ usage: null }));
        const inputTokens = estimateTokens('You sell shoes.') + estimateTokens('Hello');
        const outputTokens = estimateTokens('Good day.');
        expect((await completion).usage).to.deep.equal({
          inputTokens,
          outputTokens,
          totalTokens: inputTokens + outputTokens,
          estimated: true,
        });
      });

      it('asks for the stream and nothing that was not set', async () => {
        await (await stream(complete())).completion;
        const { messages: _, stream_options, ...body } = upstream.requests[0]?.body ?? {};
        expect(body).to.deep.equal({ model, max_tokens: 200, stream: true });
        expect(stream_options).to.deep.equal(provider === 'mistral' ? undefined : { include_usage: true });
      });

      it('says that it was cut by the output cap', async () => {
        const { completion } = await stream(complete({ finishReason: 'length' }));
        expect((await completion).reply).to.deep.equal({ content: 'Good day.', finishReason: 'length' });
      });

      it('leaves the connection open for the next call, also when the last packet comes late', async () => {
        const late: Behaviour = (request, response) => {
          beginAnswer(request, response);
          response.write(streamEvents(request.body).join(''), () => setTimeout(() => response.end(), 20));
        };
        for (let i = 0; i < 10; i += 1) await (await stream(late)).completion;
        // A connection is free a moment after its answer has ended, and on a busy machine one may be given up.
        expect(upstream.connections).to.be.at.most(5);
      });

      it('is as good as the last event when the provider forgets to close', async () => {
        const open: Behaviour = (request, response) => {
          beginAnswer(request, response);
          response.write(streamEvents(request.body).join(''));
        };
        const gateway = await limited({ chunkMs: 300 });
        upstream.behaviour = open;
        const { reply } = await gateway.stream(prompt(model), idle(), async () => {});
        expect(reply.content).to.equal('Good day.');
        await upstream.idle();
      });
    });

    describe('failures', () => {
      const text = 'data: {"error":{"message":"Hello canary","type":"server_error","code":500}}\n\n';
      const role = (answer = {}) => streamEvents({ model }, answer).slice(0, 2).join('');
      const huge = 'x'.repeat(100_000);
      const cases: readonly [what: string, behaviour: Behaviour, pieces: number, code: string][] = [
        ['no finish_reason', complete({ finishReason: null }), 2, 'model_failed'],
        ['an end after the first piece', half('end'), 1, 'model_failed'],
        ['an end without any event', events(), 0, 'model_failed'],
        ['[DONE] alone', events('data: [DONE]\n\n'), 0, 'model_failed'],
        ['no text', complete({ pieces: [] }), 0, 'model_failed'],
        ['an unknown finish_reason', complete({ finishReason: 'error' }), 2, 'model_failed'],
        ['a content filter', complete({ finishReason: 'content_filter' }), 2, 'model_rejected'],
        ['a broken event', events(role(), 'data: {"id":\n\n'), 1, 'model_failed'],
        ['an error event', events(text), 0, 'model_failed'],
        ['an error event in the middle', events(role(), text), 1, 'model_failed'],
        ['a plain answer', raw(200, '{"id":"1"}', { 'content-type': 'application/json' }), 0, 'model_failed'],
        [
          'a page with 200',
          raw(200, '<html>Hello</html>', { 'content-type': 'text/html' }),
          0,
          'model_failed',
        ],
        ['an endless reply', complete({ pieces: Array(20).fill(huge) }), 10, 'model_failed'],
        ['an error response', refuse(429), 0, 'model_unavailable'],
        ['a reset within the first event', halfAValue('reset'), 0, 'model_unavailable'],
        ['a reset after the first piece', half('reset'), 1, 'model_unavailable'],
      ];
      for (const [what, behaviour, pieces, code] of cases) {
        it(`answers ${code} to ${what}, after ${pieces} pieces, and quotes nothing`, async () => {
          const streamed = await stream(behaviour);
          const error = await modelError(streamed.completion);
          expect(error.code).to.equal(code);
          expect(streamed.pieces).to.have.length(pieces);
          expect(inspect(error, { depth: 20, showHidden: true })).to.not.match(/canary|Hello|shoes|Good day/);
          await upstream.idle();
          expect(upstream.requests).to.have.length(1);
        });
      }

      for (const [what, text, max] of [
        ['an event that never ends', 'x'.repeat(64 * 1024), 8],
        ['lines that never make an event', 'data: x\r\n'.repeat(8000), 8],
        ['events that never say anything', `: ${'x'.repeat(64 * 1024)}\r\n\r\n`, 48],
      ] as const) {
        it(`gives up on ${what} after a bounded number of bytes`, async () => {
          let sent = 0;
          const { completion } = await stream((request, response) => {
            beginAnswer(request, response);
            pour(response, () => {
              sent += text.length;
              return text;
            });
          });
          expect((await modelError(completion)).code).to.equal('model_failed');
          await upstream.idle();
          expect(sent).to.be.lessThan(max * 1024 * 1024);
        });
      }
    });

    describe('deadlines', () => {
      for (const [what, behaviour] of [
        ['before the headers', hang()],
        ['after the headers', hangAfterHeaders()],
      ] satisfies [string, Behaviour][]) {
        it(`answers model_timeout at the first-token deadline to silence ${what}`, async () => {
          const gateway = await limited({ firstTokenMs: 100 });
          upstream.behaviour = behaviour;
          const start = performance.now();
          const error = await modelError(gateway.stream(prompt(model), idle(), async () => {}));
          expect(error.code).to.equal('model_timeout');
          expect(performance.now() - start).to.be.within(95, 350);
          await upstream.idle();
        });
      }

      it('answers model_timeout to comments and empty pieces in place of a first token', async () => {
        const gateway = await limited({ firstTokenMs: 150 });
        upstream.behaviour = drip(20, { pieces: Array(100).fill('') });
        const error = await modelError(gateway.stream(prompt(model), idle(), async () => {}));
        expect(error.code).to.equal('model_timeout');
        await upstream.idle();
      });

      it('answers model_timeout at the chunk deadline to silence after a piece', async () => {
        const gateway = await limited({ chunkMs: 100 });
        upstream.behaviour = half('hang');
        const start = performance.now();
        const error = await modelError(gateway.stream(prompt(model), idle(), async () => {}));
        expect(error.code).to.equal('model_timeout');
        expect(performance.now() - start).to.be.within(95, 350);
        await upstream.idle();
      });

      it('lets an answer take longer than the chunk deadline altogether', async () => {
        const gateway = await limited({ firstTokenMs: 150, chunkMs: 150 });
        upstream.behaviour = drip(30, { pieces: Array(10).fill('x') });
        const { reply } = await gateway.stream(prompt(model), idle(), async () => {});
        expect(reply.content).to.equal('x'.repeat(10));
      });

      it('answers model_timeout at the total deadline to a drip without end', async () => {
        const gateway = await limited({ totalMs: 250 });
        upstream.behaviour = drip(20, { pieces: Array(1000).fill('x') });
        const start = performance.now();
        const error = await modelError(gateway.stream(prompt(model), idle(), async () => {}));
        expect(error.code).to.equal('model_timeout');
        expect(performance.now() - start).to.be.within(245, 500);
        await upstream.idle();
      });

      it("does not count the reader's own time", async () => {
        const gateway = await limited({ firstTokenMs: 80, chunkMs: 80 });
        const slow: TextListener = () => new Promise((resolve) => setTimeout(resolve, 120));
        upstream.behaviour = complete({ pieces: ['a', 'b', 'c'] });
        const { reply } = await gateway.stream(prompt(model), idle(), slow);
        expect(reply.content).to.equal('abc');
      });

      it('counts it towards the total, and starts no timer for a reader that comes back later', async () => {
        const gateway = await limited({ totalMs: 100 });
        let comeBack = () => {};
        upstream.behaviour = complete();
        const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
        const error = await modelError(
          gateway.stream(
            prompt(model),
            idle(),
            () =>
              new Promise((resolve) => {
                comeBack = resolve;
              }),
          ),
        );
        expect(error.code).to.equal('model_timeout');
        await upstream.idle();
        const before = timers();
        comeBack();
        await new Promise(setImmediate);
        expect(timers()).to.be.at.most(before);
      });
    });

    describe('a caller who leaves', () => {
      for (const [what, behaviour] of [
        ['before the headers', hang()],
        ['before the first token', hangAfterHeaders()],
        ['in the middle', half('hang')],
        ['while the text pours', drip(1, { pieces: Array(5000).fill('x ') })],
      ] satisfies [string, Behaviour][]) {
        it(`closes the upstream request at once ${what}, and receives nothing more`, async () => {
          upstream.behaviour = behaviour;
          const caller = new AbortController();
          const reason = new Error('the caller went');
          let pieces = 0;
          let firstPiece = () => {};
          const begun = new Promise<void>((resolve) => {
            firstPiece = resolve;
          });
          const asked = upstream.nextRequest();
          const answer = rejection(
            connection.gateway.stream(prompt(model), caller.signal, async () => {
              pieces += 1;
              firstPiece();
            }),
          );
          const { over } = await asked;
          if (/middle|pours/.test(what)) await begun;
          const received = pieces;
          const left = performance.now();
          caller.abort(reason);
          expect(await answer).to.equal(reason);
          expect(performance.now() - left).to.be.lessThan(50);
          await over;
          expect(performance.now() - left).to.be.lessThan(250);
          await new Promise(setImmediate);
          expect(pieces).to.equal(received);
          expect(getEventListeners(caller.signal, 'abort')).to.have.length(0);
          expect(upstream.requests).to.have.length(1);
        });
      }
    });

    it('gives no half character to a caller who left with the other half on its way', async () => {
      upstream.behaviour = complete({ pieces: ['boot', ' \ud83e', '\udd7e'] });
      const caller = new AbortController();
      const pieces: string[] = [];
      const leave: TextListener = async (text) => {
        pieces.push(text);
        if (text === ' ') caller.abort(new Error('gone'));
      };
      await rejection(connection.gateway.stream(prompt(model), caller.signal, leave));
      await upstream.idle();
      await new Promise(setImmediate);
      expect(pieces).to.deep.equal(['boot', ' ']);
    });

    it('reads no further upstream than a few buffers while its reader is busy', async () => {
      const event = streamEvents({ model }, { pieces: ['x'.repeat(2000)] })[1] ?? '';
      let sent = 0;
      let stalled = () => {};
      const isStalled = new Promise<void>((resolve) => {
        stalled = resolve;
      });
      upstream.behaviour = (request, response) => {
        beginAnswer(request, response);
        response.write(streamEvents(request.body)[0]);
        const quiet = setTimeout(stalled, 300);
        pour(response, () => {
          quiet.refresh();
          sent += event.length;
          return event;
        });
      };
      const caller = new AbortController();
      let pieces = 0;
      const busy: TextListener = () => {
        pieces += 1;
        return new Promise(() => {});
      };
      const answer = rejection(connection.gateway.stream(prompt(model), caller.signal, busy));
      await isStalled;
      expect(pieces).to.equal(1);
      expect(sent).to.be.lessThan(16 * 1024 * 1024);
      caller.abort(new Error('enough'));
      await answer;
      await upstream.idle();
    });
  });
}

/** Writes as fast as the other side reads, until the connection closes. */
function pour(response: ServerResponse, next: () => string): void {
  const more = () => {
    while (!response.destroyed && response.write(next()));
  };
  response.on('drain', more);
  more();
}
