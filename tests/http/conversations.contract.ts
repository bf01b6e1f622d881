import { expect } from 'chai';
import { expectJson, expectNoContent, expectProblem } from '../support/assertions/expect-response.js';
import { GOOD_DAY } from '../support/fakes/scripted-llm-gateway.js';
import type { ApiClient } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const IDS = [
  'A-z.0_9:x',
  'gid://shopify/Customer/1',
  'auth0|1',
  'visitor+7@example.com',
  '...',
  '%2F',
  '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
];
const RULE = 'must be 1 to 200 visible ASCII characters without spaces, and not . or .. alone';

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

    for (const id of IDS) {
      it(`DELETE ends a conversation named ${id}: it is not found any more, and begins afresh`, async () => {
        const address = `/api/conversations/${encodeURIComponent(id)}`;
        expect((await say('Hello', id)).body.conversation.id).to.equal(id);
        expect((await owner.get(address)).body.conversation.id).to.equal(id);
        expectNoContent(await owner.delete(address));
        expectProblem(await owner.get(address), 'conversation_not_found');
        expectProblem(await owner.delete(address), 'conversation_not_found');
        const { isNew, turns } = (await say('Hello', id)).body.conversation;
        expect({ isNew, turns }).to.deep.equal({ isNew: true, turns: 1 });
      });
    }

    for (const id of ['two words', 'käse', 'a\n', '\u007f']) {
      it(`names the rule to who sends ${JSON.stringify(id)} as an id, in a body as in an address`, async () => {
        const address = `/api/conversations/${encodeURIComponent(id)}`;
        expectProblem(await say('Hello', id), 'invalid_request', {
          errors: [{ field: 'conversationId', message: RULE }],
        });
        for (const answer of [await owner.get(address), await owner.delete(address)]) {
          expectProblem(answer, 'invalid_request', { errors: [{ field: 'id', message: RULE }] });
        }
      });
    }

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

      for (const [id, message] of [
        ['a%20b', RULE],
        ['%F0%9F%98%80', RULE],
        ['x'.repeat(201), 'must have at most 200 characters'],
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
