import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import type { LlmGateway, Prompt, Sampling } from '#src/application/ports/chat/llm-gateway.js';
import { type TurnTexts, toChatMessages } from '#src/domain/conversations/chat-message.js';
import type { Exchange } from '#src/domain/conversations/conversation.js';
import { AppError } from '#src/domain/errors.js';

export interface LlmGatewayHarness {
  readonly gateway: LlmGateway;
  /** One that the gateway's provider knows. */
  readonly model: string;
  close(): Promise<void>;
}

export function exchange(user: string, assistant: string): Pick<Exchange, 'user' | 'assistant'> {
  return { user, assistant };
}

export type PromptChanges = Partial<TurnTexts & Sampling>;

export function prompt(model: string, changes: PromptChanges = {}): Prompt {
  const { temperature = null, maxOutputTokens = 200, ...texts } = changes;
  const plain = { instructions: 'You sell shoes.', greeting: null, history: [], message: 'Hello' };
  return {
    model,
    messages: toChatMessages({ ...plain, ...texts }),
    sampling: { temperature, maxOutputTokens },
  };
}

/** What a promise rejected with; fails when it did not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it resolved');
}

export async function modelError(promise: Promise<unknown>): Promise<AppError> {
  const error = await rejection(promise);
  if (!(error instanceof AppError)) throw new Error('it is no AppError', { cause: error });
  return error;
}

/** What every gateway does, whoever answers. */
export function llmGatewayContract(name: string, start: () => Promise<LlmGatewayHarness>): void {
  describe(`${name} as an LlmGateway`, () => {
    let harness: LlmGatewayHarness;
    const idle = () => new AbortController().signal;

    beforeEach(async () => {
      harness = await start();
    });
    afterEach(() => harness.close());

    it('gives a whole reply, the model that gave it and what it cost', async () => {
      const { reply, model, usage } = await harness.gateway.generate(prompt(harness.model), idle());
      expect(reply.content).to.be.a('string').that.is.not.empty;
      expect(reply.finishReason).to.equal('stop');
      expect(model).to.equal(harness.model);
      expect(usage.inputTokens).to.be.greaterThan(0);
      expect(usage.outputTokens).to.be.greaterThan(0);
      expect(usage.totalTokens).to.equal(usage.inputTokens + usage.outputTokens);
      expect(usage.estimated).to.equal(false);
    });

    it('answers with a history, a temperature and texts of every kind', async () => {
      const text = 'a "quote" {x} {{y}} \\ \u0001 \u2028 🥾 $1';
      const asked = prompt(harness.model, {
        instructions: text,
        history: [exchange(text, text)],
        message: text,
        temperature: 0.5,
      });
      const { reply } = await harness.gateway.generate(asked, idle());
      expect(reply.content).to.be.a('string').that.is.not.empty;
    });

    it('leaves the prompt as it was', async () => {
      const asked = prompt(harness.model, { history: [exchange('one', 'two')] });
      const before = structuredClone(asked);
      for (const message of asked.messages) Object.freeze(message);
      Object.freeze(asked.messages);
      Object.freeze(asked.sampling);
      await harness.gateway.generate(Object.freeze(asked), idle());
      expect(asked).to.deep.equal(before);
    });

    it('answers many prompts at a time', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          harness.gateway.generate(prompt(harness.model, { message: `number ${i}` }), idle()),
        ),
      );
      expect(answers).to.have.length(20);
    });

    it('passes the reply on piece by piece, well-formed and never empty, and then whole', async () => {
      const pieces: string[] = [];
      const { reply, model, usage } = await harness.gateway.stream(
        prompt(harness.model),
        idle(),
        async (text) => {
          pieces.push(text);
        },
      );
      expect(pieces.length).to.be.greaterThan(1);
      expect(pieces).to.not.include('');
      expect(pieces.every((piece) => piece.isWellFormed())).to.equal(true);
      expect(pieces.join('')).to.equal(reply.content);
      expect(reply.finishReason).to.equal('stop');
      expect(model).to.equal(harness.model);
      expect(usage.totalTokens).to.equal(usage.inputTokens + usage.outputTokens);
      expect(usage.estimated).to.equal(false);
    });

    it('streams the very reply that it gives whole', async () => {
      const asked = prompt(harness.model);
      const whole = await harness.gateway.generate(asked, idle());
      expect(await harness.gateway.stream(asked, idle(), async () => {})).to.deep.equal(whole);
    });

    it('takes no piece before the reader has settled the one before', async () => {
      let reading = 0;
      let max = 0;
      await harness.gateway.stream(prompt(harness.model), idle(), async () => {
        reading += 1;
        max = Math.max(max, reading);
        await new Promise(setImmediate);
        reading -= 1;
      });
      expect(max).to.equal(1);
    });

    it('rejects with the reason of a signal that was aborted before, and passes nothing on', async () => {
      const reason = new Error('the caller went');
      let pieces = 0;
      const gone = AbortSignal.abort(reason);
      const count = async () => {
        pieces += 1;
      };
      expect(await rejection(harness.gateway.generate(prompt(harness.model), gone))).to.equal(reason);
      expect(await rejection(harness.gateway.stream(prompt(harness.model), gone, count))).to.equal(reason);
      expect(pieces).to.equal(0);
    });

    it('rejects with the reason of a caller who leaves at the first piece, and passes nothing more on', async () => {
      const caller = new AbortController();
      const reason = new Error('the caller went');
      let pieces = 0;
      const leave = async () => {
        pieces += 1;
        caller.abort(reason);
      };
      const error = await rejection(harness.gateway.stream(prompt(harness.model), caller.signal, leave));
      expect(error).to.equal(reason);
      await new Promise(setImmediate);
      expect(pieces).to.equal(1);
    });

    it('keeps no listener on the signal of a call that is over, however it ended', async () => {
      const caller = new AbortController();
      const { signal } = caller;
      await harness.gateway.generate(prompt(harness.model), signal);
      await harness.gateway.stream(prompt(harness.model), signal, async () => {});
      const broken = async () => {
        throw new Error('the reader broke');
      };
      await rejection(harness.gateway.stream(prompt(harness.model), signal, broken));
      expect(getEventListeners(signal, 'abort')).to.have.length(0);
    });
  });
}
