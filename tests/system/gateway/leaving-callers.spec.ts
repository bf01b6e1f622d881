import { expect } from 'chai';
import { complete, FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import { GatewayFixture } from '#tests/support/fixtures/gateway-fixture.js';
import { chat } from './chat-call.js';
import type { Form } from './faults.js';

const FORMS: readonly Form[] = ['plain', 'streamed'];
const FALLBACK = 'second-choice';
/** What opens a circuit. */
const CALLERS = 5;
/** For the first word of a stream, and for the whole of a plain answer of the first choice. */
const DEADLINE_MS = 1600;
/** More than half of it, counted from when the provider has the request. */
const LEFT_AFTER_MS = 850;

describe('a provider that hangs, and callers who leave before the deadline', () => {
  let fixture: GatewayFixture;
  let second: FakeOpenAi;
  const leavers = new Map<string, AbortController>();

  before(async () => {
    second = await FakeOpenAi.start();
    second.behaviour = complete({ content: 'From the second choice.' });
    fixture = await GatewayFixture.start(
      'openai-compatible',
      new Map(FORMS.map((form) => [form, () => {}])),
      {
        MODEL_FIRST_TOKEN_MS: String(DEADLINE_MS),
        MODEL_TOTAL_MS: String(2 * DEADLINE_MS),
        MODEL_FALLBACK: FALLBACK,
        MODEL_FALLBACK_PROVIDER: 'openai-compatible',
        MODEL_FALLBACK_BASE_URL: second.baseUrl,
      },
    );
    fixture.upstream.behaviour = ({ body }) => {
      const leaver = leavers.get(body.messages?.at(-1)?.content ?? '');
      setTimeout(() => leaver?.abort(), LEFT_AFTER_MS);
    };
  });
  after(async () => {
    await fixture.stop();
    await second.close();
  });

  for (const form of FORMS) {
    it(`is found out all the same, ${form}: the next caller gets the fallback at once`, async () => {
      const characterId = await fixture.client.createCharacter({ model: form });
      const leave = async (name: string) => {
        const leaver = new AbortController();
        leavers.set(name, leaver);
        const call = { form, characterId, conversationId: name, message: name };
        const answer = await chat(fixture.client, call, leaver.signal).catch(() => null);
        expect(answer).to.equal(null);
        return fixture.outcomeOf(name);
      };
      const names = Array.from({ length: CALLERS }, (_, index) => `${form}-${index}`);
      expect(await Promise.all(names.map(leave))).to.deep.equal(Array(CALLERS).fill('cancelled'));
      const next = await chat(fixture.client, { form, characterId, conversationId: `${form}-next` });
      expect(next.turn?.model).to.equal(FALLBACK);
      expect(fixture.requestsFor(form)).to.have.length(CALLERS);
    });
  }
});
