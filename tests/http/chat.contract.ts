import { expect } from 'chai';
import { AppError } from '#src/domain/errors.js';
import { expectJson, expectProblem, UUID } from '../support/assertions/expect-response.js';
import { GOOD_DAY } from '../support/fakes/scripted-llm-gateway.js';
import { shownHistory } from '../support/fakes/shown-history.js';
import type { ApiClient, ApiResponse } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const NOBODYS_ID = '0190c0de-1234-7abc-8def-0123456789ab';

/** What the model gave, as a turn shows it. */
const ANSWER = {
  reply: { role: 'assistant', content: 'Good day.', finishReason: 'stop' },
  model: 'scripted',
  usage: { inputTokens: 12, outputTokens: 3, totalTokens: 15, estimated: false },
};

export function chatContract(storage: AppStorage): void {
  describe('POST /api/chat', () => {
    const app = useApp(storage);
    let owner: ApiClient;
    let characterId: string;

    beforeEach(async () => {
      app.llm.answer = () => GOOD_DAY;
      owner = await app.api.signUp();
      characterId = await owner.createCharacter({ ttlSeconds: 60 });
    });

    const chat = (input: object): Promise<ApiResponse> =>
      owner.post('/api/chat', { characterId, message: 'Hello', ...input });
    const expectTurn = (response: ApiResponse, conversation: object): void => {
      expect(response.body.turnId).to.match(UUID);
      const expected = { characterId, expiresAt: app.time(60_000), truncated: false, ...conversation };
      expectJson(
        response,
        200,
        { turnId: response.body.turnId, conversation: expected, ...ANSWER },
        { llm: true },
      );
    };

    it('begins a conversation, and goes on with it', async () => {
      const first = await chat({});
      const { id } = first.body.conversation;
      expect(id).to.match(UUID);
      expectTurn(first, { id, isNew: true, turns: 1 });
      app.clock.advance(10_000);
      const second = await chat({ conversationId: id, message: 'And?' });
      expectTurn(second, { id, isNew: false, turns: 2 });
      expect(second.body.turnId).not.to.equal(first.body.turnId);
    });

    for (const id of ['v', 'A-z.0_9:x', '~'.repeat(200)]) {
      it(`takes the caller's own id ${id.slice(0, 20)}`, async () => {
        expectTurn(await chat({ conversationId: id }), { id, isNew: true, turns: 1 });
        expectTurn(await chat({ conversationId: id }), { id, isNew: false, turns: 2 });
      });
    }

    it('begins a new conversation each time that none is named', async () => {
      const ids = [await chat({}), await chat({})].map(({ body }) => body.conversation.id);
      expect(new Set(ids).size).to.equal(2);
    });

    it('shows a reply that the cap cut, and usage that was estimated', async () => {
      const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 3, estimated: true };
      const reply = { content: 'Good', finishReason: 'length' as const };
      app.llm.answer = () => ({ reply, model: 'other', usage });
      const { body } = await chat({});
      expect(body.reply).to.deep.equal({ role: 'assistant', ...reply });
      expect({ model: body.model, usage: body.usage }).to.deep.equal({ model: 'other', usage });
    });

    for (const id of ['.', '..']) {
      it(`refuses the conversation id ${id}, which no address can hold`, async () => {
        expectProblem(await chat({ conversationId: id }), 'invalid_request', {
          errors: [
            {
              field: 'conversationId',
              message: 'must be 1 to 200 visible ASCII characters without spaces, and not . or .. alone',
            },
          ],
        });
      });
    }

    it('finds no such character, and calls no model', async () => {
      const calls = app.llm.prompts.length;
      expectProblem(await chat({ characterId: NOBODYS_ID, conversationId: 'n' }), 'character_not_found');
      expect(app.llm.prompts).to.have.length(calls);
      expectProblem(await owner.get('/api/conversations/n'), 'conversation_not_found');
    });

    it('keeps a conversation to its character, and calls no model', async () => {
      await chat({ conversationId: 'm' });
      const before = (await owner.get('/api/conversations/m')).body;
      const calls = app.llm.prompts.length;
      const other = await owner.createCharacter();
      expectProblem(
        await chat({ characterId: other, conversationId: 'm' }),
        'conversation_character_mismatch',
      );
      expect(app.llm.prompts).to.have.length(calls);
      expectJson(await owner.get('/api/conversations/m'), 200, before);
    });

    it('refuses a second turn at once when asked to', async () => {
      const held = app.llm.hold();
      const called = app.llm.nextCall();
      const running = chat({ conversationId: 'r' });
      await called;
      expectProblem(await chat({ conversationId: 'r', onBusy: 'reject' }), 'conversation_busy', {
        retryAfter: '1',
      });
      held.release();
      expectTurn(await running, { id: 'r', isNew: true, turns: 1 });
      expectTurn(await chat({ conversationId: 'r', onBusy: 'reject' }), { id: 'r', isNew: false, turns: 2 });
    });

    it('lets turns wait for one another: none is lost, and each sees the ones before', async () => {
      const responses = await Promise.all(
        Array.from({ length: 9 }, (_, i) =>
          chat({ conversationId: 'q', message: `No ${i}`, ...(i % 2 ? { onBusy: 'queue' } : {}) }),
        ),
      );
      expect(responses.map(({ status }) => status)).to.deep.equal(Array(9).fill(200));
      const turns = responses.map(({ body }) => body.conversation.turns);
      expect(turns.sort()).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const shown = app.llm.prompts.slice(-9).map((prompt) => shownHistory(prompt).length);
      expect(shown).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    });

    it('forgets a conversation at the end of its time, and begins it afresh', async () => {
      await chat({ conversationId: 't' });
      app.clock.advance(59_999);
      expectTurn(await chat({ conversationId: 't' }), { id: 't', isNew: false, turns: 2 });
      app.clock.advance(59_999);
      expect((await owner.get('/api/conversations/t')).status).to.equal(200);
      app.clock.advance(2);
      expectProblem(await owner.get('/api/conversations/t'), 'conversation_not_found');
      expectTurn(await chat({ conversationId: 't' }), { id: 't', isNew: true, turns: 1 });
      expect(shownHistory(app.llm.prompts.at(-1))).to.deep.equal([]);
    });

    it('counts the time from the end of the turn', async () => {
      const held = app.llm.hold();
      const called = app.llm.nextCall();
      const turn = chat({ conversationId: 'e' });
      await called;
      app.clock.advance(30_000);
      held.release();
      expectTurn(await turn, { id: 'e', isNew: true, turns: 1 });
      expect((await turn).headers.get('server-timing')).to.equal('app;dur=0.0, llm;dur=30000.0');
    });

    for (const code of ['model_rejected', 'model_failed', 'model_unavailable', 'model_timeout'] as const) {
      it(`answers ${code}, and keeps nothing of the turn`, async () => {
        const conversationId = `fails-${code}`;
        app.llm.answer = () => {
          throw new AppError(code, { cause: new Error('upstream said: sk-secret') });
        };
        expectProblem(await chat({ conversationId }), code, { llm: true });
        expectProblem(await owner.get(`/api/conversations/${conversationId}`), 'conversation_not_found');

        app.llm.answer = () => GOOD_DAY;
        expectTurn(await chat({ conversationId }), { id: conversationId, isNew: true, turns: 1 });
        const before = (await owner.get(`/api/conversations/${conversationId}`)).body;
        app.clock.advance(1000);
        app.llm.answer = () => {
          throw new AppError(code);
        };
        expectProblem(await chat({ conversationId }), code, { llm: true });
        expectJson(await owner.get(`/api/conversations/${conversationId}`), 200, before);
      });
    }

    it('hands on how long a provider wants to be left alone', async () => {
      app.llm.answer = () => {
        throw new AppError('model_unavailable', { retryAfterSeconds: 17 });
      };
      expectProblem(await chat({}), 'model_unavailable', { llm: true, retryAfter: '17' });
    });

    it('shows a constant for what nobody foresaw; the cause goes to the log', async () => {
      const cause = new TypeError('SELECT secret FROM /etc/passwd');
      app.llm.answer = () => {
        throw cause;
      };
      const response = await chat({ conversationId: 'd' });
      expectProblem(response, 'internal_error', { llm: true });
      expect(app.app.logLines).to.deep.include({
        level: 'error',
        fields: { requestId: response.body.requestId, code: 'internal_error', err: cause },
        message: 'request failed',
      });
      expectProblem(await owner.get('/api/conversations/d'), 'conversation_not_found');
    });

    it('writes no message, instruction or key into the log', async () => {
      await owner.patch(`/api/characters/${characterId}`, { instructions: 'INSTRUCTIONS-SECRET' });
      await chat({ message: 'MESSAGE-SECRET' });
      const log = JSON.stringify(app.app.logLines);
      for (const text of ['INSTRUCTIONS-SECRET', 'MESSAGE-SECRET', 'Good day.', owner.apiKey ?? '']) {
        expect(log).not.to.include(text);
      }
    });
  });

  describe('POST /api/chat with a short history', () => {
    const byMessages = useApp(storage, { env: { HISTORY_MAX_MESSAGES: '4' } });
    const byTokens = useApp(storage, { env: { HISTORY_MAX_TOKENS: '30' } });

    it('leaves the oldest turns out by messages, and says so', async () => {
      const owner = await byMessages.api.signUp();
      const characterId = await owner.createCharacter();
      const seen = [];
      for (const message of ['one', 'two', 'three', 'four', 'five']) {
        const { body } = await owner.post('/api/chat', { characterId, message, conversationId: 'h' });
        const { turns, truncated } = body.conversation;
        seen.push({
          turns,
          truncated,
          shown: shownHistory(byMessages.llm.prompts.at(-1)).map(({ user }) => user),
        });
      }
      expect(seen).to.deep.equal([
        { turns: 1, truncated: false, shown: [] },
        { turns: 2, truncated: false, shown: ['one'] },
        { turns: 3, truncated: false, shown: ['one', 'two'] },
        { turns: 4, truncated: true, shown: ['two', 'three'] },
        { turns: 5, truncated: true, shown: ['three', 'four'] },
      ]);
    });

    it('leaves the oldest turns out by tokens, whole turns only, and says so', async () => {
      const owner = await byTokens.api.signUp();
      const characterId = await owner.createCharacter();
      const seen = [];
      for (const message of ['one', 'two', 'x'.repeat(100), 'four']) {
        const { body } = await owner.post('/api/chat', { characterId, message, conversationId: 'h' });
        const shown = shownHistory(byTokens.llm.prompts.at(-1)).map(({ user }) => user);
        seen.push({ truncated: body.conversation.truncated, shown });
      }
      expect(seen).to.deep.equal([
        { truncated: false, shown: [] },
        { truncated: false, shown: ['one'] },
        { truncated: false, shown: ['one', 'two'] },
        { truncated: true, shown: [] },
      ]);
    });
  });
}
