import { expect } from 'chai';
import { GOOD_DAY } from '#tests/support/fakes/scripted-llm-gateway.js';
import {
  type AppStorage,
  MEMORY_STORAGE,
  redisStorage,
  SQLITE_STORAGE,
} from '#tests/support/fixtures/app-storages.js';
import { useApp } from '#tests/support/fixtures/app-under-test.js';
import { type RawAnswerBytes, RawPost } from '#tests/support/fixtures/raw-post.js';
import { describeOnAnyRedis } from '#tests/support/processes/with-redis.js';

const AT_ONCE = 200;
const LATER = 300;
const LATER_AT_A_TIME = 50;
/** How a caller takes its answer: cut at byte 0, in the middle, at the last byte, or whole. */
const MANNERS = ['nothing', 'half', 'all but one byte', 'whole'] as const;
type Manner = (typeof MANNERS)[number];
const manner = (index: number): Manner => MANNERS[index % MANNERS.length] ?? 'whole';

/** Word by word some 8 kB, of which no part is like another. */
const REPLY = Array.from({ length: 1000 }, (_, index) => `日${index}`).join(' ');

/** One request, sent again and again by a caller whose connections break. */
function describeDuplicates(storage: AppStorage): void {
  describe(`${AT_ONCE + LATER} duplicates of one request on ${storage.name}`, () => {
    const app = useApp(storage);

    for (const stream of [false, true]) {
      it(`are one turn, and every complete answer is the same, stream: ${stream}`, async () => {
        const owner = await app.api.signUp();
        const characterId = await owner.createCharacter();
        const callsBefore = app.llm.prompts.length;
        const send = (): Promise<RawPost> =>
          RawPost.send(app.app.url, {
            path: '/api/chat',
            headers: { 'x-api-key': owner.apiKey ?? '', 'idempotency-key': 'the-key' },
            body: { characterId, message: 'Hello', conversationId: 'c', stream },
          });
        const answers: RawAnswerBytes[] = [];
        /** Of the whole answer; known when the first one has come. */
        let length = 0;
        const take = async (post: RawPost, how: Manner): Promise<void> => {
          if (how === 'whole') answers.push(await post.whole());
          else if (how === 'nothing') await post.cutAfter(0);
          else await post.cutAfter(how === 'half' ? Math.floor(length / 2) : length - 1);
        };

        const held = app.llm.hold();
        const called = app.llm.nextCall();
        const atOnce = await Promise.all(Array.from({ length: AT_ONCE }, send));
        await called;
        for (let index = 0; index < 20; index += 1) {
          const early = await (await send()).whole();
          expect([early.status, JSON.parse(early.body).code]).to.deep.equal([409, 'request_in_progress']);
        }
        held.release({ ...GOOD_DAY, reply: { content: REPLY, finishReason: 'stop' } });
        // No caller has left so far, so the turn completes, whichever request it belongs to.
        let complete = await (await send()).whole();
        while (complete.status === 409) complete = await (await send()).whole();
        length = complete.bytes;
        answers.push(complete);
        await Promise.all(atOnce.map((post, index) => take(post, manner(index))));
        for (let sent = 0; sent < LATER; sent += LATER_AT_A_TIME) {
          const posts = await Promise.all(Array.from({ length: LATER_AT_A_TIME }, send));
          await Promise.all(posts.map((post, index) => take(post, manner(sent + index))));
        }

        expect(app.llm.prompts.length - callsBefore).to.equal(1);
        const { body } = await owner.get('/api/conversations/c');
        expect(body.conversation.turns).to.equal(1);
        expect(body.messages.map(({ content }: { content: string }) => content)).to.deep.equal([
          'Hello',
          REPLY,
        ]);
        const given = answers.filter(({ status }) => status === 200);
        const refused = answers.filter(({ status }) => status !== 200);
        expect(new Set(given.map((answer) => answer.body)).size).to.equal(1);
        // All that came later, and the one that showed the length.
        expect(given.length).to.be.at.least(LATER / MANNERS.length + 1);
        expect(new Set(refused.map((answer) => JSON.parse(answer.body).code))).to.deep.equal(
          new Set(['request_in_progress']),
        );
        expect(given.filter(({ headers }) => headers['idempotency-replayed'] !== 'true').length).to.be.below(
          2,
        );
        expect(given[0]?.body).to.match(
          stream ? /^event: turn\n[\s\S]*\nevent: done\n.*\n\n$/ : /^{"turnId":/,
        );
      });

      it(`whose first caller left after the turn was stored are answered, stream: ${stream}`, async () => {
        app.llm.answer = () => GOOD_DAY;
        const owner = await app.api.signUp();
        const characterId = await owner.createCharacter();
        const callsBefore = app.llm.prompts.length;
        for (const [conversationId, bytes] of [
          ['zero', 0],
          ['one', 1],
          ['some', 700],
        ] as const) {
          const send = (): Promise<RawPost> =>
            RawPost.send(app.app.url, {
              path: '/api/chat',
              headers: { 'x-api-key': owner.apiKey ?? '', 'idempotency-key': conversationId },
              body: { characterId, message: 'Hello', conversationId, stream },
            });
          const first = await send();
          const address = `/api/conversations/${conversationId}`;
          while ((await owner.get(address)).status === 404);
          await first.cutAfter(bytes);
          const answers = [await (await send()).whole(), await (await send()).whole()];
          expect(answers.map(({ status }) => status)).to.deep.equal([200, 200]);
          expect(answers[0]?.headers['idempotency-replayed']).to.equal('true');
          expect(answers[0]?.headers['content-type']).to.match(stream ? /event-stream/ : /json/);
          expect(answers[0]?.body).to.equal(answers[1]?.body);
          expect((await owner.get(address)).body.conversation.turns).to.equal(1);
        }
        expect(app.llm.prompts.length - callsBefore).to.equal(3);
      });
    }
  });
}

for (const storage of [MEMORY_STORAGE, SQLITE_STORAGE]) describeDuplicates(storage);
describeOnAnyRedis('one store for all processes', (redis) => describeDuplicates(redisStorage(redis)));
