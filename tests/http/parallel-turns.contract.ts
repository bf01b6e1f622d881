import { expect } from 'chai';
import type { ApiResponse } from '#tests/support/api-client.js';
import type { AppStorage } from '#tests/support/app-storages.js';
import { useApp } from '#tests/support/app-under-test.js';
import { expectProblem } from '#tests/support/expect-response.js';
import { GOOD_DAY } from '#tests/support/scripted-llm-gateway.js';

const POSTS = 50;

/** Many callers of one conversation at the same time. */
export function parallelTurnsContract(storage: AppStorage): void {
  describe(`${POSTS} parallel posts to one conversation`, () => {
    const app = useApp(storage, {
      env: { CONVERSATION_QUEUE_MAX: String(POSTS - 1), HISTORY_MAX_MESSAGES: String(2 * POSTS) },
    });

    it('that wait for one another leave alternating pairs in order of admission, and all are answered', async () => {
      const admitted: string[] = [];
      app.llm.answer = ({ message }) => {
        admitted.push(message);
        return { ...GOOD_DAY, reply: { content: `Reply to ${message}`, finishReason: 'stop' } };
      };
      const owner = await app.api.signUp();
      const characterId = await owner.createCharacter();
      const responses = await Promise.all(
        Array.from({ length: POSTS }, (_, index) =>
          owner.post('/api/chat', { characterId, conversationId: 'c', message: `No ${index}` }),
        ),
      );
      for (const [index, { status, body }] of responses.entries()) {
        expect([status, body.reply?.content]).to.deep.equal([200, `Reply to No ${index}`]);
        expect(admitted[body.conversation.turns - 1]).to.equal(`No ${index}`);
      }
      const { body } = await owner.get('/api/conversations/c');
      expect(
        body.messages.map(({ role, content }: { role: string; content: string }) => [role, content]),
      ).to.deep.equal(
        admitted.flatMap((message) => [
          ['user', message],
          ['assistant', `Reply to ${message}`],
        ]),
      );
      expect(new Set(admitted).size).to.equal(POSTS);
    });

    it('that do not wait are one answer and refusals, and leave one pair', async () => {
      const held = app.llm.hold();
      const called = app.llm.nextCall();
      const owner = await app.api.signUp();
      const characterId = await owner.createCharacter();
      const refused: ApiResponse[] = [];
      const allRefused = new Promise<void>((resolve, reject) => {
        const posts = Array.from({ length: POSTS }, async (_, index) => {
          const response = await owner.post('/api/chat', {
            characterId,
            conversationId: 'c',
            message: `No ${index}`,
            onBusy: 'reject',
          });
          if (response.status !== 200) refused.push(response);
          if (refused.length === POSTS - 1) resolve();
          return response;
        });
        Promise.all(posts).then(() => resolve(), reject);
      });
      await called;
      await allRefused;
      for (const response of refused) expectProblem(response, 'conversation_busy', { retryAfter: '1' });
      expect(refused).to.have.length(POSTS - 1);
      held.release();
      const next = await owner.post('/api/chat', { characterId, conversationId: 'c', message: 'Next' });
      expect(next.body.conversation.turns).to.equal(2);
    });
  });
}
