import { expect } from 'chai';
import { complete, FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import { GatewayFixture, runAll } from '#tests/support/fixtures/gateway-fixture.js';
import { connect } from '#tests/unit/adapters/langchain/connection.js';
import { type ChatAnswer, chat } from './chat-call.js';
import { FAULTS, type Form } from './faults.js';

const FORMS: readonly Form[] = ['plain', 'streamed'];
const FALLBACK = 'second-choice';
const AT_A_TIME = 8;

const CELLS = FAULTS.filter(({ behaviour }) => behaviour !== null)
  .flatMap((fault) => FORMS.map((form) => ({ fault, form })))
  .map((cell, i) => ({ ...cell, model: `model-${i}` }));

/** Whose turn it is to answer, by what the first choice does. */
function expected({ fault, form }: (typeof CELLS)[number]): 'first' | 'fallback' | 'error' {
  const { with: end, begun } = fault[form];
  if (end === 'stop' || end === 'length') return 'first';
  return begun === true || end === 'model_rejected' ? 'error' : 'fallback';
}

describe('the fault matrix with a fallback of another provider', function () {
  this.timeout(60_000);
  let fixture: GatewayFixture;
  let second: FakeOpenAi;
  let answers: readonly Promise<ChatAnswer>[];

  before(async () => {
    second = await FakeOpenAi.start();
    second.behaviour = complete({ content: 'From the second choice.' });
    await connect('mistral', null).gateway.warmUp();
    const behaviours = new Map(CELLS.map(({ fault, model }) => [model, fault.behaviour ?? (() => {})]));
    fixture = await GatewayFixture.start('openai-compatible', behaviours, {
      MODEL_FALLBACK: FALLBACK,
      MODEL_FALLBACK_PROVIDER: 'mistral',
      MODEL_FALLBACK_KEY: 'sk-another-key',
      MODEL_FALLBACK_BASE_URL: second.baseUrl,
    });
    const tasks = CELLS.map(({ form, model }) => async () => {
      const characterId = await fixture.client.createCharacter({ model });
      return chat(fixture.client, { form, characterId, conversationId: model });
    });
    answers = runAll(tasks, AT_A_TIME);
  });
  after(async () => {
    await fixture.stop();
    await second.close();
  });

  for (const [i, cell] of CELLS.entries()) {
    const who = expected(cell);
    const ending = cell.fault[cell.form];
    it(`${cell.fault.what}, ${cell.form}: ${who === 'error' ? ending.with : `answered by the ${who}`}`, async () => {
      const answer = await answers[i];
      if (who === 'error') {
        expect(answer?.code).to.equal(ending.with);
        expect(answer?.text).to.not.include('second choice');
      } else {
        expect(answer?.turn?.model).to.equal(who === 'first' ? cell.model : FALLBACK);
      }
      if (who === 'fallback') expect(answer?.text).to.equal('From the second choice.');
      expect(fixture.requestsFor(cell.model).length).to.equal(ending.asks ?? 1);
    });
  }

  it('asks the fallback once for each turn that it answered, with its own key', async () => {
    await Promise.all(answers);
    expect(second.requests).to.have.length(CELLS.filter((cell) => expected(cell) === 'fallback').length);
    for (const { headers, body } of second.requests) {
      expect(body.model).to.equal(FALLBACK);
      expect(headers.authorization).to.equal('Bearer sk-another-key');
    }
  });
});
