import { expect } from 'chai';
import { MANAGED_CLIENTS } from '#src/infrastructure/tokens.js';
import { expectJson, expectProblem } from '../support/assertions/expect-response.js';
import { GOOD_DAY } from '../support/fakes/scripted-llm-gateway.js';
import type { ApiClient, ApiResponse } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const HOUR_MS = 3_600_000;
const BUDGET = 5000;
const USAGE = '/api/clients/me/usage';
const NOTHING = { turns: 0, inputTokens: 0, outputTokens: 0, totalTokens: 0 };
const ONE_TURN = { turns: 1, inputTokens: 12, outputTokens: 3, totalTokens: 15 };
const TWO_TURNS = { turns: 2, inputTokens: 24, outputTokens: 6, totalTokens: 30 };

export function usageContract(storage: AppStorage): void {
  describe('usage', () => {
    const app = useApp(storage);
    let owner: ApiClient;
    let characterId: string;

    beforeEach(async () => {
      app.llm.answer = () => GOOD_DAY;
      owner = await app.api.signUp();
      characterId = await owner.createCharacter();
    });

    const say = (client = owner) => client.post('/api/chat', { characterId, message: 'Hello' });
    const dayAgo = (days: number) => app.time(-days * 24 * HOUR_MS).slice(0, 10);
    const days = (used: Record<string, object[]>) =>
      Array.from({ length: 30 }, (_, ago) => {
        const characters = used[dayAgo(ago)] ?? [];
        return { day: dayAgo(ago), ...NOTHING, characters };
      });

    it('is nothing on each of 30 days before the first turn, and there is no budget', async () => {
      expectJson(await owner.get(USAGE), 200, { budget: null, days: days({}) });
    });

    it('shows a turn as soon as it has been answered, by day and by character', async () => {
      const second = await owner.createCharacter();
      await say();
      await owner.post('/api/chat', { characterId: second, message: 'Hello' });
      const { body } = await owner.get(USAGE);
      expect(body.days[0]).to.deep.equal({
        day: dayAgo(0),
        ...TWO_TURNS,
        characters: [
          { characterId, ...ONE_TURN },
          { characterId: second, ...ONE_TURN },
        ],
      });
      expect(body.days.slice(1)).to.deep.equal(days({}).slice(1));
    });

    it('shows the last 30 days, and what a character cost that is gone', async () => {
      await say();
      await owner.delete(`/api/characters/${characterId}`);
      app.clock.advance(29 * 24 * HOUR_MS);
      const { body } = await owner.get(USAGE);
      expect(body.days.at(-1)).to.deep.equal({
        day: dayAgo(29),
        ...ONE_TURN,
        characters: [{ characterId, ...ONE_TURN }],
      });
      app.clock.advance(24 * HOUR_MS);
      expectJson(await owner.get(USAGE), 200, { budget: null, days: days({}) });
    });

    it('shows nobody else’s turns', async () => {
      await say();
      const other = await app.api.signUp();
      expectJson(await other.get(USAGE), 200, { budget: null, days: days({}) });
    });

    it('counts no turn that failed before the model said anything', async () => {
      app.llm.answer = () => {
        throw new Error('boom');
      };
      await say();
      expectJson(await owner.get(USAGE), 200, { budget: null, days: days({}) });
    });
  });

  describe('a budget', () => {
    const app = useApp(storage, { env: { BUDGET_TOKENS_PER_DAY: String(BUDGET) } });
    let owner: ApiClient;
    let characterId: string;

    beforeEach(async () => {
      app.llm.answer = () => GOOD_DAY;
      owner = await app.api.signUp();
      characterId = await owner.createCharacter({ maxOutputTokens: 1000 });
    });

    const say = (message = 'Hello', body: object = {}) =>
      owner.post('/api/chat', { characterId, message, ...body });
    const budget = async () => (await owner.get(USAGE)).body.budget;
    const endOfDay = () => `${app.time(24 * HOUR_MS).slice(0, 10)}T00:00:00.000Z`;
    const spend = (outputTokens: number) => {
      app.llm.answer = () => ({
        ...GOOD_DAY,
        usage: { inputTokens: 1, outputTokens, totalTokens: outputTokens + 1, estimated: false },
      });
    };
    const expectExceeded = (response: ApiResponse, limit: number) => {
      const secondsLeft = Math.ceil((Date.parse(endOfDay()) - app.clock.now()) / 1000);
      expectProblem(response, 'budget_exceeded', {
        detail: `This turn could cost more than is left of the budget of ${limit} tokens per day. It resets at ${endOfDay()}.`,
        retryAfter: String(secondsLeft),
      });
    };

    it('shows what is left of it, and what a running turn holds', async () => {
      await say();
      const after = { tokensPerDay: BUDGET, spentTokens: 15, heldTokens: 0, resetsAt: endOfDay() };
      expect(await budget()).to.deep.equal({ ...after, leftTokens: BUDGET - 15 });
      const held = app.llm.hold();
      const called = app.llm.nextCall();
      const running = say();
      await called;
      const { heldTokens, leftTokens } = await budget();
      expect(heldTokens).to.be.within(1000, 1100);
      expect(leftTokens).to.equal(BUDGET - 15 - heldTokens);
      held.release();
      await running;
      expect((await budget()).leftTokens).to.equal(BUDGET - 30);
    });

    for (const stream of [false, true]) {
      it(`refuses a ${stream ? 'streamed' : 'plain'} turn that could go beyond it, with the true time of its end`, async () => {
        app.clock.advance(HOUR_MS);
        spend(BUDGET - 100);
        await say();
        app.llm.prompts.length = 0;
        const conversationId = 'refused';
        expectExceeded(await say('Hello', { stream, conversationId }), BUDGET);
        expect(app.llm.prompts).to.deep.equal([]);
        expectProblem(await owner.get(`/api/conversations/${conversationId}`), 'conversation_not_found');
        app.clock.advance(Date.parse(endOfDay()) - app.clock.now());
        expect((await say()).status).to.equal(200);
      });
    }

    it('leaves every other request alone when it is used up', async () => {
      spend(BUDGET);
      await say();
      expectExceeded(await say(), BUDGET);
      expect((await budget()).leftTokens).to.equal(0);
      expect((await owner.get(`/api/characters/${characterId}`)).status).to.equal(200);
    });

    it('is the one that the operator set for the client, from the next request on', async () => {
      const { id } = (await owner.get('/api/clients/me')).body;
      const managed = app.container.get(MANAGED_CLIENTS);
      await say();
      await managed.update(id, { budgetTokensPerDay: 1100 });
      spend(200);
      await say();
      expectExceeded(await say(), 1100);
      expect((await budget()).tokensPerDay).to.equal(1100);
      await managed.update(id, { budgetTokensPerDay: 0 });
      expect((await say()).status).to.equal(200);
      expect(await budget()).to.equal(null);
    });
  });
}
