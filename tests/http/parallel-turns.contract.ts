import { expect } from 'chai';
import { expectProblem } from '../support/assertions/expect-response.js';
import { GOOD_DAY } from '../support/fakes/scripted-llm-gateway.js';
import type { ApiClient, ApiResponse } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const POSTS = 50;
const INDEXES = Array.from({ length: POSTS }, (_, index) => index);

/** Many callers of one conversation at the same time. */
export function parallelTurnsContract(storage: AppStorage): void {
  describe(`${POSTS} parallel posts to one conversation`, () => {
    const app = useApp(storage, {
      env: { CONVERSATION_QUEUE_MAX: String(POSTS - 1), HISTORY_MAX_MESSAGES: String(2 * POSTS) },
    });
    let owner: ApiClient;
    let characterId: string;
    /** What the model was shown, in that order. */
    let admitted: string[];
    /** Until then no reply comes. */
    let letReply: () => void;

    beforeEach(async () => {
      admitted = [];
      const replying = new Promise<void>((resolve) => {
        letReply = resolve;
      });
      app.llm.answer = async ({ messages }) => {
        const message = messages.at(-1)?.content ?? '';
        admitted.push(message);
        await replying;
        return { ...GOOD_DAY, reply: { content: `Reply to ${message}`, finishReason: 'stop' } };
      };
      owner = await app.api.signUp();
      characterId = await owner.createCharacter();
    });

    const post = (index: number, onBusy: 'queue' | 'reject'): Promise<ApiResponse> =>
      owner.post(
        '/api/chat',
        { characterId, conversationId: 'c', message: `No ${index}`, onBusy },
        { 'idempotency-key': `${index}` },
      );

    /** Resolves when that post runs or waits: its key is held then. Another request with the key leaves no trace. */
    const arrival = async (index: number): Promise<void> => {
      const body = { characterId, conversationId: 'c', message: 'Another', onBusy: 'reject' };
      for (;;) {
        const probe = await owner.post('/api/chat', body, { 'idempotency-key': `${index}` });
        if (probe.status === 422) return;
        expectProblem(probe, 'conversation_busy', { retryAfter: '1' });
      }
    };

    const stored = async (): Promise<[string, string][]> => {
      const { body } = await owner.get('/api/conversations/c');
      return body.messages.map(({ role, content }: { role: string; content: string }) => [role, content]);
    };
    const pairs = (messages: readonly string[]): [string, string][] =>
      messages.flatMap((message) => [
        ['user', message],
        ['assistant', `Reply to ${message}`],
      ]);

    it('that wait for one another leave alternating pairs in order of admission, and all are answered', async () => {
      const called = app.llm.nextCall();
      const posts = INDEXES.map((index) => post(index, 'queue'));
      await called;
      await Promise.all(INDEXES.map(arrival));
      letReply();
      for (const [index, { status, body }] of (await Promise.all(posts)).entries()) {
        expect([status, body.reply?.content]).to.deep.equal([200, `Reply to No ${index}`]);
        expect(admitted[body.conversation.turns - 1]).to.equal(`No ${index}`);
      }
      expect(new Set(admitted).size).to.equal(POSTS);
      expect(await stored()).to.deep.equal(pairs(admitted));
    });

    it('are admitted in order of arrival', async () => {
      const called = app.llm.nextCall();
      const posts = [post(0, 'queue')];
      await called;
      for (const index of INDEXES.slice(1)) {
        posts.push(post(index, 'queue'));
        await arrival(index);
      }
      letReply();
      await Promise.all(posts);
      expect(admitted).to.deep.equal(INDEXES.map((index) => `No ${index}`));
      expect(await stored()).to.deep.equal(pairs(admitted));
    });

    it('that do not wait are one answer and errors, and leave one pair', async () => {
      const responses: ApiResponse[] = [];
      await new Promise<void>((resolve, reject) => {
        for (const index of INDEXES) {
          post(index, 'reject').then((response) => {
            responses.push(response);
            // The one that runs is answered when all others have been refused.
            if (responses.length === POSTS - 1) letReply();
            if (responses.length === POSTS) resolve();
          }, reject);
        }
      });
      const last = responses.pop();
      expect([last?.status, last?.body.conversation.turns]).to.deep.equal([200, 1]);
      for (const response of responses) expectProblem(response, 'conversation_busy', { retryAfter: '1' });
      expect(await stored()).to.deep.equal(pairs(admitted));
    });
  });
}
