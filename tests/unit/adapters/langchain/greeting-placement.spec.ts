import { expect } from 'chai';
import { GreetingPlacement } from '#src/adapters/langchain/greeting-placement.js';
import { ProviderFailure } from '#src/adapters/langchain/transport/provider-failure.js';
import type { Prompt } from '#src/application/ports/chat/llm-gateway.js';
import type { ChatMessage } from '#src/domain/conversations/chat-message.js';
import { modelError, prompt } from '#tests/contracts/llm-gateway.contract.js';
import {
  type Behaviour,
  beginAnswer,
  complete,
  FakeOpenAi,
  refuse,
  streamEvents,
} from '#tests/support/fakes/fake-openai.js';
import { type Connection, connect, watchRejections } from './connection.js';

const ALTERNATE = 'Conversation roles must alternate user/assistant/user/assistant/...';

/** A server whose chat template takes no message of the assistant before one of the user. */
function userFirst(errorFromResponse: Behaviour): Behaviour {
  const answer = complete();
  return (request, response) => {
    const first = request.body.messages?.find(({ role }) => role !== 'system');
    return (first?.role === 'assistant' ? errorFromResponse : answer)(request, response);
  };
}

for (const { provider, model } of [
  { provider: 'openai-compatible', model: 'some-model' },
  { provider: 'mistral', model: 'mistral-small-latest' },
] as const) {
  describe(`the greeting on ${provider}`, () => {
    let upstream: FakeOpenAi;
    let connection: Connection;
    const unhandled = watchRejections();
    const greeting = 'Good day {x}!\n"What" are you painting? 😀';
    const { signal } = new AbortController();

    beforeEach(async () => {
      upstream = await FakeOpenAi.start();
      connection = connect(provider, upstream.baseUrl);
    });
    afterEach(async () => {
      await Promise.all([connection.close(), upstream.close()]);
      expect(unhandled.splice(0)).to.deep.equal([]);
    });

    const generate = (name: string = model, changes = {}) =>
      connection.gateway.generate(prompt(name, { greeting, ...changes }), signal);
    const stream = async () => {
      let text = '';
      const completion = await connection.gateway.stream(
        prompt(model, { greeting }),
        signal,
        async (piece) => {
          text += piece;
        },
      );
      return { text, completion };
    };
    const shown = () =>
      upstream.requests
        .splice(0)
        .map(({ body }) => body.messages?.map(({ role, content }) => `${role}: ${content}`));
    const asFirstWords = ['system: You sell shoes.', `assistant: ${greeting}`, 'user: Hello'];
    const folded = [
      `system: You sell shoes.\n\nYou began this conversation with these words:\n${greeting}`,
      'user: Hello',
    ];

    it("is the assistant's first words where the model takes them", async () => {
      await generate();
      await stream();
      expect(shown()).to.deep.equal([asFirstWords, asFirstWords]);
    });

    for (const [what, errorFromResponse, times] of [
      ['400 in any words', refuse(400), 2],
      ['422 in any words', refuse(422), 2],
      ['500 that speaks of roles', refuse(500, { message: ALTERNATE }), 1],
    ] as const) {
      it(`is the end of the instructions after a ${what}, and after ${times} of them at once`, async () => {
        upstream.behaviour = userFirst(errorFromResponse);
        for (let time = 0; time < times; time += 1) {
          expect((await generate()).reply.content).to.equal('Good day.');
          expect(shown()).to.deep.equal([asFirstWords, folded]);
        }
        await generate();
        const { text, completion } = await stream();
        expect([text, completion.reply.content]).to.deep.equal(['Good day.', 'Good day.']);
        expect(shown()).to.deep.equal([folded, folded]);
      });
    }

    it('is tried again for a stream as for a plain call', async () => {
      upstream.behaviour = userFirst(refuse(400, { message: ALTERNATE }));
      expect((await stream()).text).to.equal('Good day.');
      expect(shown()).to.deep.equal([asFirstWords, folded]);
      await stream();
      expect(shown()).to.deep.equal([folded]);
    });

    it('is moved for the model that refused it alone', async () => {
      upstream.behaviour = userFirst(refuse(400, { message: ALTERNATE }));
      await generate();
      upstream.behaviour = complete();
      shown();
      await generate('another-model');
      expect(shown()).to.deep.equal([asFirstWords]);
    });

    it('stays where it was when it was something else that was refused', async () => {
      upstream.behaviour = refuse(400);
      expect((await modelError(generate())).code).to.equal('model_failed');
      expect(shown()).to.deep.equal([asFirstWords, folded]);
      upstream.behaviour = complete();
      await generate();
      expect(shown()).to.deep.equal([asFirstWords]);
    });

    for (const [what, behaviour] of [
      ['too long', refuse(400, { code: 'context_length_exceeded' })],
      ['a filter', refuse(400, { code: 'content_filter' })],
      ['a refused key', refuse(401)],
      ['a failure that may pass', refuse(503)],
    ] as const) {
      it(`is not sent a second time after ${what}`, async () => {
        upstream.behaviour = behaviour;
        await modelError(generate());
        expect(shown()).to.deep.equal([asFirstWords]);
      });
    }

    it('is not sent a second time when a stream is refused after its first word', async () => {
      upstream.behaviour = (request, response) => {
        beginAnswer(request, response);
        response.write(streamEvents(request.body).slice(0, 2).join(''));
        response.end('data: {"error":{"code":400,"message":"No."}}\n\n');
      };
      await modelError(stream());
      expect(shown()).to.deep.equal([asFirstWords]);
    });

    for (const { what, before, spoken, instructions } of [
      {
        what: 'of several messages stands at the end of the last instructions',
        before: ['Sell.', 'Be kind.'],
        spoken: ['Good day.', 'Well?'],
        instructions: [
          'Sell.',
          'Be kind.\n\nYou began this conversation with these words:\nGood day.\nWell?',
        ],
      },
      {
        what: 'without instructions is all of them',
        before: [],
        spoken: ['Good day.'],
        instructions: ['You began this conversation with these words:\nGood day.'],
      },
    ]) {
      it(what, async () => {
        upstream.behaviour = userFirst(refuse(400));
        const plain = prompt(model);
        const messages: ChatMessage[] = [
          ...before.map((content) => ({ role: 'system' as const, content })),
          ...spoken.map((content) => ({ role: 'assistant' as const, content })),
          { role: 'user', content: 'Hello' },
          { role: 'assistant', content: 'Yes?' },
          { role: 'user', content: 'Bye' },
        ];
        await connection.gateway.generate({ ...plain, messages }, signal);
        const rest = ['user: Hello', 'assistant: Yes?', 'user: Bye'];
        expect(shown().at(-1)).to.deep.equal([...instructions.map((text) => `system: ${text}`), ...rest]);
      });
    }

    it('has no say about a prompt without one', async () => {
      upstream.behaviour = refuse(400);
      await modelError(generate(model, { greeting: null }));
      expect(upstream.requests).to.have.length(1);
    });
  });
}

describe('GreetingPlacement', () => {
  let nowMs: number;
  let placement: GreetingPlacement;
  let shown: string[];

  const unclear = new ProviderFailure({ name: 'ProviderRefusal', status: 400 });
  const clear = new ProviderFailure({ name: 'ProviderRefusal', status: 400, code: 'roles_refused' });

  /** @param failures of the one form and the other; null: it is answered. */
  async function ask(first: Error | null, second: Error | null = null, greeting = 'Hello'): Promise<string> {
    shown = [];
    const call = async ({ messages }: Prompt) => {
      const isFolded = messages.every(({ role }) => role !== 'assistant');
      shown.push(isFolded ? 'folded' : 'first words');
      const failure = isFolded ? second : first;
      if (failure !== null) throw failure;
    };
    await placement.ask(prompt('m', { greeting }), () => true, call).catch(() => undefined);
    return shown.join(', ');
  }

  beforeEach(() => {
    nowMs = 0;
    placement = new GreetingPlacement(() => nowMs);
  });

  it('is not moved by chance rejections that are not in a row', async () => {
    for (let time = 0; time < 3; time += 1) {
      expect(await ask(unclear)).to.equal('first words, folded');
      expect(await ask(null)).to.equal('first words');
    }
  });

  for (const [what, rejections] of [
    ['one that says why', [clear]],
    ['two that do not', [unclear, unclear]],
  ] as const) {
    it(`is moved for an hour after ${what}`, async () => {
      for (const rejection of rejections) await ask(rejection);
      nowMs = 3_599_999;
      expect(await ask(null)).to.equal('folded');
      nowMs = 3_600_000;
      expect(await ask(null)).to.equal('first words');
    });
  }

  it('is sent once for a minute when both were refused without a reason, and another as before', async () => {
    expect(await ask(unclear, unclear)).to.equal('first words, folded');
    nowMs = 59_999;
    expect(await ask(unclear, unclear)).to.equal('first words');
    expect(await ask(unclear, null, 'Good day')).to.equal('first words, folded');
    expect(await ask(clear, unclear), 'a rejection that says why').to.equal('first words, folded');
    nowMs = 60_000;
    expect(await ask(unclear, unclear)).to.equal('first words, folded');
  });
});
