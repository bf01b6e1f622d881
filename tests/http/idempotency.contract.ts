import { expect } from 'chai';
import { AppError } from '#src/domain/errors.js';
import { expectFrame, expectProblem } from '../support/assertions/expect-response.js';
import { GOOD_DAY } from '../support/fakes/scripted-llm-gateway.js';
import type { ApiClient, ApiResponse } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';
import { RawPost } from '../support/fixtures/raw-post.js';

const RULE = 'must be 1 to 255 visible ASCII characters';
const REPLAYED = 'idempotency-replayed';

export function idempotencyContract(storage: AppStorage): void {
  describe('POST /api/chat with an Idempotency-Key', () => {
    const app = useApp(storage);
    let owner: ApiClient;
    let characterId: string;
    let calls: number;

    beforeEach(async () => {
      app.llm.answer = () => GOOD_DAY;
      owner = await app.api.signUp();
      characterId = await owner.createCharacter({ ttlSeconds: 60 });
      calls = app.llm.prompts.length;
    });

    const chat = (body: object = {}, headers: Record<string, string> = {}): Promise<ApiResponse> =>
      owner.post(
        '/api/chat',
        { characterId, message: 'Hello', conversationId: 'c', ...body },
        { 'idempotency-key': 'k', ...headers },
      );
    const modelCalls = () => app.llm.prompts.length - calls;
    const stored = async (): Promise<string[]> => {
      const { body } = await owner.get('/api/conversations/c');
      return body.messages?.map(({ content }: { content: string }) => content) ?? [];
    };

    for (const stream of [false, true]) {
      it(`gives the same answer again, stream: ${stream}`, async () => {
        const first = await chat({ stream });
        expect(first.status).to.equal(200);
        expect(first.headers.has(REPLAYED)).to.equal(false);
        for (let time = 0; time < 2; time += 1) {
          const again = await chat({ stream });
          expect([again.status, again.text]).to.deep.equal([200, first.text]);
          expect(again.headers.get(REPLAYED)).to.equal('true');
          expect(again.headers.get('content-type')).to.equal(first.headers.get('content-type'));
          expect(again.headers.get('x-request-id')).not.to.equal(first.headers.get('x-request-id'));
          if (!stream) expectFrame(again);
        }
        expect(modelCalls()).to.equal(1);
        expect(await stored()).to.deep.equal(['Hello', 'Good day.']);
      });
    }

    it('streams what was streamed event by event', async () => {
      await chat({ stream: true });
      const { text, body } = await chat({ stream: true });
      expect(body).to.equal(undefined);
      expect([...text.matchAll(/^event: (\w+)$/gm)].map(([, event]) => event)).to.deep.equal([
        'turn',
        'delta',
        'delta',
        'done',
      ]);
      expect(Object.keys(JSON.parse(text.split('\n')[1]?.slice(6) ?? ''))).to.deep.equal([
        'turnId',
        'conversation',
      ]);
    });

    it('streams a plain answer to one who accepts events: Accept is not part of the body', async () => {
      const plain = await chat();
      const { headers, text } = await chat({}, { accept: 'text/event-stream' });
      expect(headers.get('content-type')).to.equal('text/event-stream; charset=utf-8');
      expect(headers.get(REPLAYED)).to.equal('true');
      expect(text).to.match(/^event: turn\ndata: .*\n\nevent: delta\ndata: {"text":"Good day."}\n\n/);
      expect(text.endsWith(`event: done\ndata: ${plain.text}\n\n`)).to.equal(true);
      expect(modelCalls()).to.equal(1);
    });

    it('knows a body whatever its spaces and the order of its fields', async () => {
      const text = `{ "conversationId":"c",\n "message":"H\\u0065llo", "characterId":"${characterId}" }`;
      const first = await chat();
      const again = await owner.post('/api/chat', text, { 'idempotency-key': 'k' });
      expect([again.text, again.headers.get(REPLAYED)]).to.deep.equal([first.text, 'true']);
    });

    for (const change of [
      { message: 'hello' },
      { conversationId: 'd' },
      { stream: false },
      { stream: true },
      { onBusy: 'queue' },
    ]) {
      it(`refuses another body: ${JSON.stringify(change)}`, async () => {
        const held = app.llm.hold();
        const called = app.llm.nextCall();
        const first = chat();
        await called;
        expectProblem(await chat(change), 'idempotency_mismatch');
        held.release();
        await first;
        expectProblem(await chat(change), 'idempotency_mismatch');
        expect(modelCalls()).to.equal(1);
      });
    }

    it('refuses the request while the first one runs, and asks to come back', async () => {
      const held = app.llm.hold();
      const called = app.llm.nextCall();
      const first = chat();
      await called;
      expectProblem(await chat(), 'request_in_progress', { retryAfter: '1' });
      held.release();
      expect((await chat()).text).to.equal((await first).text);
    });

    it("keeps clients' keys apart", async () => {
      const first = await chat();
      const other = await app.api.signUp();
      const theirs = await other.post(
        '/api/chat',
        { characterId: await other.createCharacter(), message: 'Hi' },
        { 'idempotency-key': 'k' },
      );
      expect(theirs.status).to.equal(200);
      expect(theirs.headers.has(REPLAYED)).to.equal(false);
      expect(theirs.body.turnId).not.to.equal(first.body.turnId);
    });

    it('runs the turn again when the first one failed, also with another body', async () => {
      app.llm.answer = () => {
        throw new AppError('model_failed');
      };
      expectProblem(await chat(), 'model_failed', { llm: true });
      expectProblem(await chat({ message: 'Another' }), 'model_failed', { llm: true });
      app.llm.answer = () => GOOD_DAY;
      const again = await chat();
      expect([again.status, again.headers.has(REPLAYED)]).to.deep.equal([200, false]);
      expect(await stored()).to.deep.equal(['Hello', 'Good day.']);
    });

    for (const stream of [false, true]) {
      it(`runs the turn again when its caller left before the answer, stream: ${stream}`, async () => {
        app.llm.hold();
        const called = app.llm.nextCall();
        const caller = new AbortController();
        const body = { characterId, message: 'Hello', conversationId: 'c', stream };
        const headers = { 'idempotency-key': 'k' };
        const first = owner.send('POST', '/api/chat', body, headers, caller.signal).catch(() => 'gone');
        const signal = await called;
        const cancelled = new Promise((resolve) => signal.addEventListener('abort', resolve));
        caller.abort();
        expect(await first).to.equal('gone');
        await cancelled;
        app.llm.answer = () => GOOD_DAY;
        expect((await chat({ stream })).headers.has(REPLAYED)).to.equal(false);
        expect((await chat({ stream })).headers.has(REPLAYED)).to.equal(true);
        expect(await stored()).to.deep.equal(['Hello', 'Good day.']);
      });
    }

    it('brings nothing back that was deleted', async () => {
      const first = await chat();
      await owner.delete('/api/conversations/c');
      const again = await chat();
      expect(again.headers.has(REPLAYED)).to.equal(false);
      expect(again.body.turnId).not.to.equal(first.body.turnId);
    });

    for (const [what, key] of [
      ['of one character', '!'],
      ['of 255 characters', '~'.repeat(255)],
      ['in quotation marks', '"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
    ] as const) {
      it(`takes a key ${what}`, async () => {
        const { text } = await chat({}, { 'idempotency-key': key });
        const again = await chat({}, { 'idempotency-key': key });
        expect([again.status, again.text]).to.deep.equal([200, text]);
      });
    }

    for (const [what, key] of [
      ['that is empty', ''],
      ['of 256 characters', 'x'.repeat(256)],
      ['with a space', 'a b'],
      ['with a tab', 'a\tb'],
      ['beyond ASCII', 'é'],
      ['that comes twice', 'a\r\nidempotency-key: b'],
    ] as const) {
      it(`refuses a key ${what}, and calls no model`, async () => {
        const post = await RawPost.send(app.app.url, {
          path: '/api/chat',
          headers: { 'x-api-key': owner.apiKey ?? '', 'idempotency-key': key },
          body: { characterId, message: 'Hello' },
        });
        const { status, headers, body } = await post.whole();
        const response = { status, headers: new Headers(headers), text: body, body: JSON.parse(body) };
        expectProblem(response, 'invalid_request', {
          errors: [{ field: 'Idempotency-Key', message: RULE }],
        });
        expect(modelCalls()).to.equal(0);
      });
    }
  });
}
