import { expect } from 'chai';
import { MemoryTokenBudget } from '#src/adapters/memory/budgets/memory-token-budget.js';
import { DeleteConversation } from '#src/application/chat/delete-conversation.js';
import { SendMessage } from '#src/application/chat/send-message.js';
import { TurnMeters } from '#src/application/chat/turn-meters.js';
import type { ModelAttempt } from '#src/application/ports/chat/model-attempt.js';
import type { TokenBudget } from '#src/application/ports/limits/token-budget.js';
import type { Character } from '#src/domain/characters/character.js';
import { toChatMessages } from '#src/domain/conversations/chat-message.js';
import type { Usage } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { estimateMaxTokens, estimatePrompt, estimateTokens } from '#src/domain/models/token-estimate.js';
import { granted } from '#tests/contracts/token-budget.contract.js';
import { failingPort } from '#tests/support/fakes/failing-port.js';
import { GOOD_DAY } from '#tests/support/fakes/scripted-llm-gateway.js';
import { outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

const DAY = '2026-01-01';
const TEXTS = { instructions: 'You sell books.', greeting: null, history: [], message: 'Hello' };
const MESSAGES = toChatMessages(TEXTS);
/** Of one turn with a message like the one above. */
const HELD = estimateMaxTokens(MESSAGES, 500);

function failedAttempt(usage: Usage): ModelAttempt {
  return { model: 'house', outcome: 'model_failed', usage, elapsedMs: 1 };
}

describe('what a turn costs', () => {
  let app: UseCaseFixture;
  let clientId: string;
  let character: Character;
  let mine: { clientId: string; characterId: string; budgetTokensPerDay: number | null };

  beforeEach(async () => {
    app = new UseCaseFixture();
    ({ clientId } = await app.signUp());
    character = await app.createCharacter(clientId);
    mine = { clientId, characterId: character.id, budgetTokensPerDay: 1000 };
  });

  afterEach(() => app.close());

  const counter = () => app.budget.find(clientId, DAY);
  const recorded = async () => {
    await app.usage.flush();
    return app.usageRepository.list(clientId, '2000-01-01', 100);
  };
  const row = (turns: number, inputTokens: number, outputTokens: number) => ({
    day: DAY,
    characterId: character.id,
    turns,
    inputTokens,
    outputTokens,
  });

  it('is held at its most while the model thinks, and counted as the provider counted it', async () => {
    const held = app.llm.hold();
    const called = app.llm.nextCall();
    const turn = app.send(mine);
    await called;
    expect(await counter()).to.deep.equal({ spent: 0, held: HELD });
    held.release();
    await turn;
    expect(await counter()).to.deep.equal({ spent: 15, held: 0 });
    expect(await recorded()).to.deep.equal([row(1, 12, 3)]);
  });

  it('is refused with the reason when it could be more than a whole day’s budget', async () => {
    const error: unknown = await app
      .send({ ...mine, budgetTokensPerDay: HELD - 1 })
      .catch((reason) => reason);
    expect(error)
      .to.be.instanceOf(AppError)
      .and.to.include({
        code: 'budget_exceeded',
        detail: `This turn could cost ${HELD} tokens, more than the whole budget of ${HELD - 1} tokens per day: waiting does not help, a shorter message or a smaller maxOutputTokens may.`,
        retryAfterSeconds: null,
      });
  });

  it('is refused when it could be more than is left: no model is called, nothing is kept', async () => {
    app.clock.advance(3_600_000);
    const other = granted(
      await app.budget.reserve(clientId, { day: DAY, tokens: 1, limit: 1, recordedUse: async () => 0 }),
    );
    const error: unknown = await app.send({ ...mine, budgetTokensPerDay: HELD }).catch((reason) => reason);
    expect(error)
      .to.be.instanceOf(AppError)
      .and.to.include({
        code: 'budget_exceeded',
        kind: 'limited',
        detail: `This turn could cost more than is left of the budget of ${HELD} tokens per day. It resets at 2026-01-02T00:00:00.000Z.`,
        retryAfterSeconds: 23 * 3600,
      });
    expect(app.llm.prompts).to.deep.equal([]);
    expect(await app.conversations.find(clientId, 'c')).to.equal(null);
    expect(await recorded()).to.deep.equal([]);
    await other.settle(0);
    await app.send({ ...mine, onBusy: 'reject', budgetTokensPerDay: HELD });
  });

  it('frees the idempotency key of a turn that it refuses', async () => {
    const idempotency = { key: 'k', digest: 'd' };
    expect(await outcomeOf(app.send({ ...mine, idempotency, budgetTokensPerDay: 1 }))).to.equal(
      'budget_exceeded',
    );
    expect((await app.send({ ...mine, idempotency })).replayed).to.equal(false);
  });

  it('is noted before it is settled, and settled before the turn has its answer', async () => {
    const order: unknown[] = [];
    const settle = async (tokens: number) => {
      order.push(tokens, await recorded());
      for (let rounds = 0; rounds < 10; rounds += 1) await new Promise(setImmediate);
      order.push('settled');
    };
    const reserve = async () => ({ kind: 'reserved', settle }) as const;
    const budget: TokenBudget = { reserve, find: async () => null };
    const sendMessage = new SendMessage({ ...app, costs: new TurnMeters({ ...app, budget }) });
    await sendMessage.execute(app.messageInput({ ...mine, budgetTokensPerDay: 1000 }));
    order.push('answered');
    expect(order).to.deep.equal([15, [row(0, 12, 3)], 'settled', 'answered']);
    expect(await recorded()).to.deep.equal([row(1, 12, 3)]);
  });

  it('is nothing for an answer that is given again', async () => {
    const idempotency = { key: 'k', digest: 'd' };
    for (let i = 0; i < 3; i += 1) await app.send({ ...mine, idempotency, budgetTokensPerDay: HELD });
    expect(await counter()).to.deep.equal({ spent: 15, held: 0 });
    expect(await recorded()).to.deep.equal([row(1, 12, 3)]);
  });

  it('grows with the history that the model is shown', async () => {
    await app.send({ ...mine, message: 'x'.repeat(400) });
    const called = app.llm.nextCall();
    const held = app.llm.hold();
    const turn = app.send(mine);
    await called;
    const history = [{ user: 'x'.repeat(400), assistant: 'Good day.' }];
    expect(await counter()).to.deep.equal({
      spent: 15,
      held: estimateMaxTokens(toChatMessages({ ...TEXTS, history }), 500),
    });
    held.release();
    await turn;
  });

  it('is not looked at, but recorded, where there is no budget', async () => {
    const budget = failingPort(app.budget, new AppError('cache_unavailable'));
    const unlimited = new SendMessage({ ...app, costs: new TurnMeters({ ...app, budget }) });
    const send = (budgetTokensPerDay: number | null) =>
      unlimited.execute(app.messageInput({ ...mine, budgetTokensPerDay }));
    await send(null);
    await send(0);
    expect(await recorded()).to.deep.equal([row(2, 24, 6)]);
    expect(await outcomeOf(send(1000))).to.equal('cache_unavailable');
  });

  for (const [what, own, service, refused] of [
    ['the client’s own budget', 1, 1000, true],
    ['the client’s own budget, though it is larger', 1000, 1, false],
    ['no budget, when the client’s own is 0', 0, 1, false],
    ['the service’s budget, when the client has none of its own', null, 1, true],
  ] as const) {
    it(`is held against ${what}`, async () => {
      const costs = new TurnMeters({ ...app, budgetTokensPerDay: service });
      const sendMessage = new SendMessage({ ...app, costs });
      const turn = sendMessage.execute(app.messageInput({ ...mine, budgetTokensPerDay: own }));
      expect(await outcomeOf(turn)).to.equal(refused ? 'budget_exceeded' : 'done');
    });
  }

  it('is nothing when the model fails or the caller goes and the gateway reports no usage', async () => {
    app.llm.answer = () => {
      throw new AppError('model_failed');
    };
    expect(await outcomeOf(app.send(mine))).to.equal('model_failed');
    app.llm.hold();
    const called = app.llm.nextCall();
    const caller = new AbortController();
    const turn = outcomeOf(app.send({ ...mine, signal: caller.signal }));
    await called;
    caller.abort();
    expect(await turn).to.equal('AbortError');
    expect(await counter()).to.deep.equal({ spent: 0, held: 0 });
    expect(await recorded()).to.deep.equal([]);
  });

  it('is the prompt when the caller goes while a model that was asked is silent', async () => {
    const asked = estimatePrompt(MESSAGES);
    app.llm.answer = (_prompt, signal, onAttempt) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          onAttempt?.(
            failedAttempt({ inputTokens: asked, outputTokens: 0, totalTokens: asked, estimated: true }),
          );
          reject(signal.reason);
        });
      });
    const called = app.llm.nextCall();
    const caller = new AbortController();
    const turn = outcomeOf(app.send({ ...mine, signal: caller.signal }));
    await called;
    caller.abort();
    expect(await turn).to.equal('AbortError');
    expect(await counter()).to.deep.equal({ spent: asked, held: 0 });
    expect(await recorded()).to.deep.equal([row(0, asked, 0)]);
  });

  it('is what the provider counted for an answer that could not be used, with the one that could', async () => {
    app.llm.answer = (_prompt, _signal, onAttempt) => {
      onAttempt?.(failedAttempt({ inputTokens: 40, outputTokens: 2, totalTokens: 42, estimated: false }));
      return GOOD_DAY;
    };
    await app.send(mine);
    app.llm.answer = (_prompt, _signal, onAttempt) => {
      onAttempt?.(failedAttempt({ inputTokens: 100, outputTokens: 1, totalTokens: 101, estimated: false }));
      throw new AppError('model_rejected');
    };
    expect(await outcomeOf(app.send(mine))).to.equal('model_rejected');
    expect(await counter()).to.deep.equal({ spent: 42 + 15 + 101, held: 0 });
    expect(await recorded()).to.deep.equal([row(1, 12 + 40 + 100, 3 + 2 + 1)]);
  });

  it('is counted when the model has answered, although the turn could not be stored', async () => {
    app.llm.answer = async () => {
      await new DeleteConversation(app).execute({ clientId, conversationId: 'c' });
      return GOOD_DAY;
    };
    expect(await outcomeOf(app.send(mine))).to.equal('conversation_not_found');
    expect(await counter()).to.deep.equal({ spent: 15, held: 0 });
    expect(await recorded()).to.deep.equal([row(0, 12, 3)]);
  });

  it('is what was asked and what was streamed of an answer that was cut', async () => {
    const received = ['Good ', 'day'];
    app.llm.stream = async (_prompt, _signal, onDelta) => {
      for (const text of received) await onDelta(text);
      throw new AppError('model_failed');
    };
    expect(await outcomeOf(app.send({ ...mine, reader: { onDelta: async () => {} } }))).to.equal(
      'model_failed',
    );
    const [inputTokens, outputTokens] = [estimatePrompt(MESSAGES), estimateTokens('Good day')];
    expect(await counter()).to.deep.equal({ spent: inputTokens + outputTokens, held: 0 });
    expect(await recorded()).to.deep.equal([row(0, inputTokens, outputTokens)]);
  });

  it('is no more for a reader who read along', async () => {
    await app.send({ ...mine, reader: { onDelta: async () => {} } });
    expect(await counter()).to.deep.equal({ spent: 15, held: 0 });
    app.llm.stream = async (_prompt, _signal, onDelta, onAttempt) => {
      await onDelta('Good ');
      onAttempt?.(failedAttempt({ inputTokens: 40, outputTokens: 2, totalTokens: 42, estimated: false }));
      throw new AppError('model_rejected');
    };
    await outcomeOf(app.send({ ...mine, reader: { onDelta: async () => {} } }));
    expect(await counter()).to.deep.equal({ spent: 15 + 42, held: 0 });
  });

  it('is counted on the day that the turn began on', async () => {
    app.clock.advance(86_399_000);
    app.llm.answer = () => {
      app.clock.advance(2000);
      return GOOD_DAY;
    };
    await app.send(mine);
    expect(await counter()).to.deep.equal({ spent: 15, held: 0 });
    expect(await app.budget.find(clientId, '2026-01-02')).to.equal(null);
    expect(await recorded()).to.deep.equal([row(1, 12, 3)]);
  });

  it('begins after a restart with what was spent before it, written or not', async () => {
    await app.send(mine);
    const budget = new MemoryTokenBudget();
    const costs = new TurnMeters({ ...app, budget });
    const sampling = { temperature: null, maxOutputTokens: 500 };
    const prompt = { model: 'house', messages: MESSAGES, sampling };
    const heldMeanwhile = await costs.run(app.messageInput(mine), prompt, {
      ask: () => budget.find(clientId, DAY),
      keep: async (answer) => answer,
    });
    expect(heldMeanwhile).to.deep.equal({ spent: 15, held: HELD });
  });
});
