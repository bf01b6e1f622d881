import { expect } from 'chai';
import type { ApiClient } from '#tests/support/api-client.js';
import type { AppStorage } from '#tests/support/app-storages.js';
import { useApp } from '#tests/support/app-under-test.js';
import { expectJson, expectNoContent, expectProblem } from '#tests/support/expect-response.js';
import { GOOD_DAY } from '#tests/support/scripted-llm-gateway.js';

export function conversationsContract(storage: AppStorage): void {
  describe('conversations', () => {
    const app = useApp(storage);
    let owner: ApiClient;
    let characterId: string;

    beforeEach(async () => {
      app.llm.answer = () => GOOD_DAY;
      owner = await app.api.signUp();
      characterId = await owner.createCharacter({ instructions: 'SECRET' });
    });

    const say = (message: string, conversationId: string) =>
      owner.post('/api/chat', { characterId, message, conversationId });

    it('GET shows the messages in order, and not the instructions', async () => {
      const askedAt = app.time();
      const held = app.llm.hold();
      const called = app.llm.nextCall();
      const first = say('Hello', 'c');
      await called;
      app.clock.advance(2000);
      const answeredAt = app.time();
      held.release();
      await first;
      app.clock.advance(2000);
      const againAt = app.time();
      await say('"Again" {x}\u0001 😀', 'c');

      const response = await owner.get('/api/conversations/c');
      expectJson(response, 200, {
        conversation: { id: 'c', characterId, turns: 2, expiresAt: app.time(300_000) },
        messages: [
          { role: 'user', content: 'Hello', createdAt: askedAt },
          { role: 'assistant', content: 'Good day.', createdAt: answeredAt },
          { role: 'user', content: '"Again" {x}\u0001 😀', createdAt: againAt },
          { role: 'assistant', content: 'Good day.', createdAt: againAt },
        ],
      });
      expect(response.text).not.to.include('SECRET');
    });

    it('DELETE ends a conversation: it is not found any more, and begins afresh', async () => {
      const id = 'A-z.0_9:x';
      await say('Hello', id);
      expectNoContent(await owner.delete(`/api/conversations/${id}`));
      expectProblem(await owner.get(`/api/conversations/${id}`), 'conversation_not_found');
      expectProblem(await owner.delete(`/api/conversations/${id}`), 'conversation_not_found');
      const { isNew, turns } = (await say('Hello', id)).body.conversation;
      expect({ isNew, turns }).to.deep.equal({ isNew: true, turns: 1 });
    });

    it('DELETE ends the turn that runs, which keeps nothing', async () => {
      await say('Hello', 'd');
      const held = app.llm.hold();
      const called = app.llm.nextCall();
      const running = say('And?', 'd');
      const signal = await called;
      expectNoContent(await owner.delete('/api/conversations/d'));
      expectProblem(await running, 'conversation_not_found', { llm: true });
      expect(signal.aborted).to.equal(true);
      held.release();
      expectProblem(await owner.get('/api/conversations/d'), 'conversation_not_found');
    });

    for (const method of ['GET', 'DELETE']) {
      it(`${method} finds no conversation of that id`, async () => {
        expectProblem(
          await owner.send(method, '/api/conversations/nothing', undefined),
          'conversation_not_found',
        );
      });

      const rule = 'must be 1 to 128 of A–Z a–z 0–9 . _ : -';
      for (const [id, message] of [
        ['a%20b', rule],
        ['a%2Fb', rule],
        ['%F0%9F%98%80', rule],
        ['%7B%7D', rule],
        ['x'.repeat(129), 'maxLength 128'],
      ] as const) {
        it(`${method} refuses ${id.slice(0, 20)}, which is no id`, async () => {
          expectProblem(await owner.send(method, `/api/conversations/${id}`, undefined), 'invalid_request', {
            errors: [{ field: 'id', message }],
          });
        });
      }

      it(`${method} refuses an address that cannot be decoded`, async () => {
        expectProblem(await owner.send(method, '/api/conversations/%E0%A4%A', undefined), 'invalid_request', {
          detail: 'The address is not valid.',
        });
      });
    }
  });
}
