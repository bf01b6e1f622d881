import { inspect } from 'node:util';
import { expect } from 'chai';
import { estimateTokens } from '#src/domain/models/token-estimate.js';
import {
  exchange,
  llmGatewayContract,
  modelError,
  prompt,
  rejection,
} from '#tests/contracts/llm-gateway.contract.js';
import {
  type Behaviour,
  complete,
  FakeOpenAi,
  hang,
  hangAfterHeaders,
  json,
  raw,
  refuse,
  resetAfter,
} from '#tests/support/fakes/fake-openai.js';
import { type Connection, connect, KEY, watchRejections } from './connection.js';

const NASTY = 'a "quote" \'s {x} {{y}} $z <b> \\n \t\n\r\u0001\u001f\u007f \u2028 é 🥾👩‍👩‍👧 $& \ufeff';

const PROVIDERS = [
  { provider: 'openai-compatible', model: 'some-model', cap: 'max_tokens' },
  { provider: 'openai', model: 'gpt-4o-mini', cap: 'max_tokens' },
  { provider: 'mistral', model: 'mistral-small-latest', cap: 'max_tokens' },
] as const;

for (const { provider, model, cap } of PROVIDERS) {
  llmGatewayContract(`LangChain on ${provider}`, async () => {
    const upstream = await FakeOpenAi.start();
    const { gateway, close } = connect(provider, upstream.baseUrl);
    return { gateway, model, close: () => Promise.all([close(), upstream.close()]).then(() => {}) };
  });

  describe(`LangChainLlmGateway on ${provider}`, () => {
    let upstream: FakeOpenAi;
    const connections: Connection[] = [];
    const unhandled = watchRejections();
    const idle = () => new AbortController().signal;
    const gatewayTo = ({ baseUrl }: FakeOpenAi, changes = {}) => {
      const connection = connect(provider, baseUrl, changes);
      connections.push(connection);
      return connection.gateway;
    };
    const generate = (behaviour: Behaviour, changes = {}) => {
      upstream.behaviour = behaviour;
      return gatewayTo(upstream).generate(prompt(model, changes), idle());
    };

    before(() => connect(provider, null).gateway.warmUp());
    beforeEach(async () => {
      upstream = await FakeOpenAi.start();
    });
    afterEach(async () => {
      await Promise.all(connections.splice(0).map(({ close }) => close()));
      await upstream.close();
      expect(unhandled.splice(0)).to.deep.equal([]);
    });

    describe('the request', () => {
      it('holds instructions, history and message in order, byte for byte', async () => {
        const texts = ['i', 'u1', 'a1', 'u2', 'a2', 'm'].map((mark) => `${mark}${NASTY}`);
        const [instructions = '', u1 = '', a1 = '', u2 = '', a2 = '', message = ''] = texts;
        await generate(complete(), { instructions, history: [exchange(u1, a1), exchange(u2, a2)], message });
        expect(upstream.requests).to.have.length(1);
        expect(
          upstream.requests[0]?.body.messages?.map(({ role, content }) => ({ role, content })),
        ).to.deep.equal([
          { role: 'system', content: instructions },
          { role: 'user', content: u1 },
          { role: 'assistant', content: a1 },
          { role: 'user', content: u2 },
          { role: 'assistant', content: a2 },
          { role: 'user', content: message },
        ]);
      });

      it('asks for the model and the output cap, and for nothing that was not set', async () => {
        await generate(complete());
        const { messages: _, stream = false, ...body } = upstream.requests[0]?.body ?? {};
        expect(stream).to.equal(false);
        expect(body).to.deep.equal({ model, [cap]: 200 });
      });

      it('sends a temperature when there is one, also 0', async () => {
        const gateway = gatewayTo(upstream);
        for (const temperature of [0, 1.3, null, 0]) {
          await gateway.generate(prompt(model, { temperature }), idle());
        }
        const sent = upstream.requests.map(({ body }) => body['temperature']);
        expect(sent).to.deep.equal([0, 1.3, undefined, 0]);
      });

      it('carries our headers alone, to one path', async () => {
        await generate(complete());
        const { method, path, headers } = upstream.requests[0] ?? { headers: {} };
        expect(`${method} ${path}`).to.equal('POST /v1/chat/completions');
        expect(headers.authorization).to.equal(`Bearer ${KEY}`);
        expect(headers['user-agent']).to.equal('fastwrap');
        expect(headers['content-type']).to.equal('application/json');
        const known =
          /^(accept|accept-encoding|accept-language|authorization|connection|content-length|content-type|host|sec-fetch-mode|transfer-encoding|user-agent)$/;
        expect(Object.keys(headers).filter((name) => !known.test(name))).to.deep.equal([]);
      });

      it('has no Authorization header without a key', async () => {
        await gatewayTo(upstream, { apiKey: null }).generate(prompt(model), idle());
        expect(upstream.requests[0]?.headers).to.not.have.property('authorization');
      });
    });

    describe('the answer', () => {
      it('is the content byte for byte with the reported usage', async () => {
        expect(await generate(complete({ content: NASTY }))).to.deep.equal({
          reply: { content: NASTY, finishReason: 'stop' },
          model,
          usage: { inputTokens: 12, outputTokens: 3, totalTokens: 15, estimated: false },
        });
      });

      for (const finishReason of ['length', 'model_length']) {
        it(`says that it was cut when the provider says ${finishReason}`, async () => {
          const { reply } = await generate(complete({ finishReason }));
          expect(reply).to.deep.equal({ content: 'Good day.', finishReason: 'length' });
        });
      }

      it('has an estimated usage where none was counted', async () => {
        const { usage } = await generate(complete({ usage: {} }), { history: [exchange('u', 'a')] });
        const inputTokens = ['You sell shoes.', 'u', 'a', 'Hello'].reduce(
          (sum, text) => sum + estimateTokens(text),
          0,
        );
        const outputTokens = estimateTokens('Good day.');
        expect(usage).to.deep.equal({
          inputTokens,
          outputTokens,
          totalTokens: inputTokens + outputTokens,
          estimated: true,
        });
      });

      it('joins text parts and leaves thoughts out', async () => {
        const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] };
        const parts = [
          { type: 'text', text: 'Good ' },
          ...(provider === 'mistral' ? [thinking] : []),
          { type: 'text', text: 'day.' },
        ];
        const { reply } = await generate(complete({ content: parts }));
        expect(reply.content).to.equal('Good day.');
      });
    });

    describe('failures', () => {
      const toolCall = { id: 'abcdefghi', type: 'function', function: { name: 'f', arguments: '{}' } };
      const says = (status: number, code: string, message: string) => refuse(status, { code, message });
      const cases: readonly [what: string, behaviour: Behaviour, code: string, status?: number][] = [
        ['401', refuse(401, { message: `Incorrect API key provided: ${KEY}` }), 'model_failed', 401],
        ['403', refuse(403), 'model_failed', 403],
        ['404', refuse(404), 'model_failed', 404],
        ['a bad parameter', refuse(400), 'model_failed', 400],
        ['422 for a parameter', refuse(422), 'model_failed', 422],
        [
          'a context too long',
          says(400, 'context_length_exceeded', 'Hello is too long'),
          'model_rejected',
          400,
        ],
        [
          "Mistral's context too long",
          json(400, {
            object: 'error',
            type: 'invalid_request_error',
            message: 'Prompt contains 40000 tokens, too large for model with 32768 maximum context length',
          }),
          'model_rejected',
          400,
        ],
        ['422 for the context', says(422, 'x', 'maximum context length is 4096'), 'model_rejected', 422],
        ['413', raw(413, ''), 'model_rejected', 413],
        ['a content filter', says(400, 'content_filter', 'filtered'), 'model_rejected', 400],
        ['408', refuse(408), 'model_unavailable', 408],
        ['429', says(429, 'rate_limit_exceeded', 'slow down'), 'model_unavailable', 429],
        ['429 for a spent quota', says(429, 'insufficient_quota', 'pay'), 'model_failed', 429],
        ['500', refuse(500), 'model_failed', 500],
        [
          '502 with a page',
          raw(502, '<html>Hello</html>', { 'content-type': 'text/html' }),
          'model_failed',
          502,
        ],
        ['503', refuse(503), 'model_unavailable', 503],
        ['504', raw(504, ''), 'model_unavailable', 504],
        ['529', refuse(529), 'model_unavailable', 529],
        ['a redirect', raw(307, '', { location: 'http://127.0.0.1:1/' }), 'model_failed', 307],
        ['a page with 200', raw(200, '<html>Hello</html>', { 'content-type': 'text/html' }), 'model_failed'],
        ['an empty body', raw(200, '', { 'content-type': 'application/json' }), 'model_failed'],
        [
          'broken JSON',
          raw(200, '{"id":"x","choices":[{', { 'content-type': 'application/json' }),
          'model_failed',
        ],
        ['JSON of another shape', json(200, [1]), 'model_failed'],
        ['null', json(200, null), 'model_failed'],
        [
          'no choices',
          json(200, { id: '1', object: 'o', model, created: 1, usage: {}, choices: [] }),
          'model_failed',
        ],
        ['no finish_reason', complete({ finishReason: null }), 'model_failed'],
        ['an unknown finish_reason', complete({ finishReason: 'error' }), 'model_failed'],
        ['no text', complete({ content: '' }), 'model_failed'],
        ['null for a text', complete({ content: null }), 'model_failed'],
        [
          'a tool call',
          complete({ content: null, finishReason: 'tool_calls', message: { tool_calls: [toolCall] } }),
          'model_failed',
        ],
        ['finish_reason content_filter', complete({ finishReason: 'content_filter' }), 'model_rejected'],
        ['a reset before the headers', resetAfter(0), 'model_unavailable'],
        ['a reset in the body', resetAfter(40), 'model_unavailable'],
      ];

      for (const [what, behaviour, code, status] of cases) {
        it(`answers ${code} to ${what}, asks once and quotes nothing`, async () => {
          const error = await modelError(generate(behaviour));
          expect(error.code).to.equal(code);
          expect(error.cause).to.have.property('status', status);
          expect(inspect(error, { depth: 20, showHidden: true })).to.not.match(/canary|Hello|shoes|Good day/);
          expect(upstream.requests).to.have.length(1);
        });
      }

      it('answers model_unavailable when nobody listens', async () => {
        await upstream.close();
        const error = await modelError(generate(complete()));
        expect(error.code).to.equal('model_unavailable');
        expect(error.cause).to.include({ name: 'ProviderUnreached', code: 'ECONNREFUSED' });
      });

      it('passes a sane Retry-After on, and only for what passes with time', async () => {
        const wait = async (status: number, value: string) =>
          (await modelError(generate(refuse(status, {}, { 'retry-after': value })))).retryAfterSeconds;
        expect(await wait(429, '7')).to.equal(7);
        expect(await wait(503, '1.2')).to.equal(2);
        expect(await wait(429, '86400')).to.equal(3600);
        expect(await wait(429, 'soon')).to.equal(undefined);
        expect(await wait(500, '7')).to.equal(undefined);
      });

      it("measures a Retry-After that is a date from the provider's own date, however wrong the clock here", async () => {
        const date = 'Thu, 01 Jan 2015 00:00:00 GMT';
        const until = refuse(429, {}, { date, 'retry-after': 'Thu, 01 Jan 2015 00:00:45 GMT' });
        expect((await modelError(generate(until))).retryAfterSeconds).to.equal(45);
      });
    });

    describe('the end of a call', () => {
      for (const [what, behaviour] of [
        ['before the headers', hang()],
        ['in the body', hangAfterHeaders()],
        [
          'in the body of an error response',
          (_request, response) => void response.writeHead(500).write('no'),
        ],
      ] satisfies [string, Behaviour][]) {
        it(`closes the upstream socket when the caller goes ${what}`, async () => {
          upstream.behaviour = behaviour;
          const caller = new AbortController();
          const reason = new Error('the caller went');
          const asked = upstream.nextRequest();
          const answer = rejection(gatewayTo(upstream).generate(prompt(model), caller.signal));
          await asked;
          caller.abort(reason);
          expect(await answer).to.equal(reason);
          await upstream.idle();
          expect(upstream.requests).to.have.length(1);
        });

        it(`answers model_timeout at the deadline and closes the socket when it stalls ${what}`, async () => {
          upstream.behaviour = behaviour;
          const start = performance.now();
          const error = await modelError(
            gatewayTo(upstream, { totalMs: 150 }).generate(prompt(model), idle()),
          );
          const took = performance.now() - start;
          expect(error.code).to.equal('model_timeout');
          expect(took).to.be.at.least(145);
          await upstream.idle();
          expect(upstream.requests).to.have.length(1);
        });
      }
    });
  });
}

describe('LangChainLlmGateway on openai', () => {
  it("caps OpenAI's reasoning models by max_completion_tokens", async () => {
    const upstream = await FakeOpenAi.start();
    const { gateway, close } = connect('openai', upstream.baseUrl);
    await gateway.generate(prompt('o3-mini'), new AbortController().signal);
    await Promise.all([close(), upstream.close()]);
    expect(upstream.requests[0]?.body).to.include({ max_completion_tokens: 200 });
    expect(upstream.requests[0]?.body).to.not.have.property('max_tokens');
  });

  it('asks the chat completions API for models that LangChain would send to the Responses API', async () => {
    const upstream = await FakeOpenAi.start();
    const { gateway, close } = connect('openai', upstream.baseUrl);
    await gateway.generate(prompt('gpt-5.2-pro'), new AbortController().signal);
    await Promise.all([close(), upstream.close()]);
    expect(upstream.requests.map(({ path }) => path)).to.deep.equal(['/v1/chat/completions']);
  });

  it('estimates the usage of an answer that has none', async () => {
    const upstream = await FakeOpenAi.start();
    upstream.behaviour = complete({ usage: null });
    const { gateway, close } = connect('openai-compatible', upstream.baseUrl, { apiKey: null });
    const { usage } = await gateway.generate(prompt('llama3'), new AbortController().signal);
    await Promise.all([close(), upstream.close()]);
    expect(usage.estimated).to.equal(true);
  });
});
