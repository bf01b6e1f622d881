import { expect } from 'chai';
import { ServerTimingObserver } from '#src/adapters/http/api/chat/server-timing-observer.js';
import { DeleteCharacter } from '#src/application/characters/delete-character.js';
import { DeleteConversation } from '#src/application/chat/delete-conversation.js';
import type { SendMessageInput } from '#src/application/chat/send-message.js';
import type { TurnHeader } from '#src/application/chat/turn-stream.js';
import { DeleteClient } from '#src/application/clients/delete-client.js';
import type { Character } from '#src/domain/characters/character.js';
import { AppError } from '#src/domain/errors.js';
import { GOOD_DAY } from '#tests/support/fakes/scripted-llm-gateway.js';
import { ORIGIN, outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

const KEYED = { idempotency: { key: 'k', digest: 'digest' } };

/** Records the pieces that it receives. */
class Listener {
  readonly reported: { text: string; started: TurnHeader }[] = [];

  async onDelta(text: string, started: TurnHeader): Promise<void> {
    this.reported.push({ text, started });
  }
}

describe('SendMessage, sent again with its idempotency key', () => {
  let app: UseCaseFixture;
  let character: Character;
  let mine: { clientId: string; characterId: string };

  beforeEach(async () => {
    app = new UseCaseFixture();
    const { clientId } = await app.signUp();
    character = await app.createCharacter(clientId, { ttlSeconds: 60 });
    mine = { clientId, characterId: character.id };
  });

  afterEach(() => app.close());

  const send = (input: Partial<SendMessageInput> = {}) => app.send({ ...mine, ...KEYED, ...input });
  const kept = () => app.conversations.find(mine.clientId, 'c');

  it('gives the first answer again, byte for byte, and calls no model', async () => {
    app.llm.answer = () => ({
      ...GOOD_DAY,
      reply: { content: '"Ja" \u2028\n 日本 👩‍👩‍👧', finishReason: 'length' },
    });
    const { replayed, ...first } = await send();
    expect(replayed).to.equal(false);
    const before = await kept();
    app.clock.advance(30_000);
    const context = { llmMs: null };
    const again = await send({ observer: new ServerTimingObserver(context) });
    expect(again).to.deep.equal({ ...first, replayed: true });
    expect(JSON.stringify([again.turn.outcome, again.conversation])).to.equal(
      JSON.stringify([first.turn.outcome, first.conversation]),
    );
    expect(context.llmMs).to.equal(null);
    expect(app.llm.prompts).to.have.length(1);
    expect(await kept()).to.deep.equal(before);
    const { id: turnId } = first.turn;
    expect(app.logLines.slice(1)).to.deep.equal([
      { level: 'info', fields: { ...mine, turnId, conversationId: 'c' }, message: 'turn replayed' },
    ]);
  });

  it('stays in the conversation that was begun for it', async () => {
    const unnamed = { clientId: mine.clientId, characterId: mine.characterId, ...KEYED };
    const first = await app.send({ ...unnamed, conversationId: undefined });
    const again = await app.send({ ...unnamed, conversationId: undefined });
    expect(again.conversation).to.deep.equal(first.conversation);
  });

  it('streams the same pieces in the same way', async () => {
    app.llm.answer = () => {
      app.clock.advance(2000);
      return { ...GOOD_DAY, reply: { content: 'Good day to you.', finishReason: 'stop' } };
    };
    const [first, second] = [new Listener(), new Listener()];
    const { replayed: _, ...sent } = await send({ reader: first });
    expect(first.reported.map(({ text }) => text)).to.deep.equal(['Good ', 'day ', 'to ', 'you.']);
    expect(await send({ reader: second })).to.deep.equal({ ...sent, replayed: true });
    expect(second.reported).to.deep.equal(
      first.reported.map(({ text, started }) => ({ text, started: { ...started, replayed: true } })),
    );
    expect(second.reported[0]?.started.conversation.expiresAt).not.to.equal(sent.conversation.expiresAt);
    expect(await send()).to.deep.equal({ ...sent, replayed: true });
  });

  it('streams in one piece what was answered in one', async () => {
    const { turn, conversation } = await send();
    const reader = new Listener();
    await send({ reader });
    expect(reader.reported).to.deep.equal([
      { text: 'Good day.', started: { turnId: turn.id, conversation, replayed: true } },
    ]);
  });

  it('streams nothing of an empty reply', async () => {
    app.llm.answer = () => ({ ...GOOD_DAY, reply: { content: '', finishReason: 'stop' } });
    await send();
    const reader = new Listener();
    expect((await send({ reader })).turn.outcome.reply.content).to.equal('');
    expect(reader.reported).to.deep.equal([]);
  });

  it('streams no more to a reader that has left', async () => {
    await send({ reader: new Listener() });
    const caller = new AbortController();
    const left = new DOMException('The caller has gone.', 'AbortError');
    let reported = 0;
    const reader = {
      onDelta: async () => {
        reported += 1;
        caller.abort(left);
      },
    };
    const error: unknown = await send({ reader, signal: caller.signal }).catch((reason: unknown) => reason);
    expect([error, reported]).to.deep.equal([left, 1]);
    expect((await send()).replayed).to.equal(true);
  });

  it('is refused while the first is running, and for another request; the first goes on', async () => {
    const held = app.llm.hold();
    const called = app.llm.nextCall();
    const first = send();
    await called;
    expect(await outcomeOf(send())).to.equal('request_in_progress');
    const other = { idempotency: { key: 'k', digest: 'another' } };
    expect(await outcomeOf(send(other))).to.equal('idempotency_mismatch');
    held.release();
    expect((await first).replayed).to.equal(false);
    expect(await outcomeOf(send(other))).to.equal('idempotency_mismatch');
    expect((await send()).replayed).to.equal(true);
    expect(app.llm.prompts).to.have.length(1);
    expect((await kept())?.turns).to.equal(1);
  });

  it('is another message without the key', async () => {
    await send();
    expect((await send({ idempotency: null })).conversation.turns).to.equal(2);
  });

  const failures: Readonly<Record<string, () => Promise<string>>> = {
    model_failed: () => {
      app.llm.answer = () => {
        throw new AppError('model_failed');
      };
      return outcomeOf(send());
    },
    internal_error: () => {
      app.llm.answer = () => {
        throw new TypeError('boom');
      };
      return outcomeOf(send()).then((name) => (name === 'TypeError' ? 'internal_error' : name));
    },
    character_not_found: () => outcomeOf(send({ characterId: '0190c0de-1234-7abc-8def-0123456789ab' })),
    conversation_character_mismatch: async () => {
      const other = await app.createCharacter(mine.clientId);
      await app.send({ ...mine, characterId: other.id, conversationId: 'c2' });
      return outcomeOf(send({ conversationId: 'c2' }));
    },
    conversation_busy: async () => {
      const held = app.llm.hold();
      const called = app.llm.nextCall();
      const running = app.send({ ...mine, conversationId: 'c2' });
      await called;
      const outcome = await outcomeOf(send({ conversationId: 'c2', onBusy: 'reject' }));
      held.release();
      await running;
      return outcome;
    },
    AbortError: async () => {
      app.llm.hold();
      const called = app.llm.nextCall();
      const caller = new AbortController();
      const turn = outcomeOf(send({ signal: caller.signal }));
      await called;
      caller.abort();
      return turn;
    },
  };
  for (const [code, fail] of Object.entries(failures)) {
    it(`is run when the first ended in ${code}`, async () => {
      expect(await fail()).to.equal(code);
      app.llm.answer = () => GOOD_DAY;
      const again = await send();
      expect([again.replayed, again.conversation.turns]).to.deep.equal([false, 1]);
      expect((await send()).replayed).to.equal(true);
    });
  }

  it('brings nothing back that was deleted', async () => {
    await send();
    await new DeleteConversation(app).execute({ clientId: mine.clientId, conversationId: 'c' });
    const again = await send();
    expect([again.replayed, again.conversation.isNew]).to.deep.equal([false, true]);
    await new DeleteCharacter(app).execute(mine);
    expect(await outcomeOf(send())).to.equal('character_not_found');

    const successor = await app.createCharacter(mine.clientId);
    await send({ characterId: successor.id });
    await new DeleteClient(app).execute({ clientId: mine.clientId, origin: ORIGIN });
    expect(await outcomeOf(send({ characterId: successor.id }))).to.equal('character_not_found');
  });
});
