import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { ServerTimingObserver } from '#src/adapters/http/api/chat/server-timing-observer.js';
import { MemoryCharacterRepository } from '#src/adapters/memory/storage/memory-character-repository.js';
import type { MemoryDatabase } from '#src/adapters/memory/storage/memory-database.js';
import { DeleteCharacter } from '#src/application/characters/delete-character.js';
import { DeleteConversation } from '#src/application/chat/delete-conversation.js';
import { SendMessage } from '#src/application/chat/send-message.js';
import { DeleteClient } from '#src/application/clients/delete-client.js';
import type { Character } from '#src/domain/characters/character.js';
import { AppError } from '#src/domain/errors.js';
import { GOOD_DAY } from '#tests/support/fakes/scripted-llm-gateway.js';
import { shownHistory } from '#tests/support/fakes/shown-history.js';
import { ORIGIN, outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

/** Something else happens between the look at a character and what follows it. */
class InterruptedCharacterRepository extends MemoryCharacterRepository {
  readonly #interrupt: () => Promise<void>;

  constructor(database: MemoryDatabase, interrupt: () => Promise<void>) {
    super(database);
    this.#interrupt = interrupt;
  }

  override async find(clientId: string, characterId: string): Promise<Character | null> {
    const found = await super.find(clientId, characterId);
    await this.#interrupt();
    return found;
  }
}

describe('SendMessage', () => {
  let app: UseCaseFixture;
  let clientId: string;
  let character: Character;
  let mine: { clientId: string; characterId: string };

  beforeEach(async () => {
    app = new UseCaseFixture();
    ({ clientId } = await app.signUp());
    character = await app.createCharacter(clientId, { ttlSeconds: 60 });
    mine = { clientId, characterId: character.id };
  });

  afterEach(() => app.close());

  const kept = () => app.conversations.find(clientId, 'c');
  const outcomes = () => app.logLines.map(({ fields }) => [fields['outcome'], fields['code']]);

  it('shows the model the instructions, the whole turns before, the message and the bounds', async () => {
    await app.characters.update(
      clientId,
      character.id,
      { model: 'large', temperature: 0.5, maxOutputTokens: 9 },
      character.updatedAt,
    );
    await app.send({ ...mine, message: 'one' });
    await app.send({ ...mine, message: 'two' });
    const [, second] = app.llm.prompts;
    expect(second).to.deep.equal({
      model: 'large',
      messages: [
        { role: 'system', content: 'You sell books.' },
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'Good day.' },
        { role: 'user', content: 'two' },
      ],
      sampling: { temperature: 0.5, maxOutputTokens: 9 },
    });
  });

  it('gives back the turn and the state of its conversation', async () => {
    const startedAt = new Date(app.clock.now()).toISOString();
    app.llm.answer = () => {
      app.clock.advance(2500);
      return GOOD_DAY;
    };
    const context = { llmMs: -1 };
    const { turn, conversation } = await app.send({
      ...mine,
      observer: new ServerTimingObserver(context),
    });
    const completedAt = new Date(app.clock.now()).toISOString();
    expect(turn).to.deep.equal({
      id: turn.id,
      conversationId: 'c',
      characterId: character.id,
      userMessage: 'Hello',
      startedAt,
      outcome: { status: 'completed', completedAt, ...GOOD_DAY },
    });
    expect(conversation).to.deep.equal({
      id: 'c',
      characterId: character.id,
      isNew: true,
      turns: 1,
      expiresAt: new Date(app.clock.now() + 60_000).toISOString(),
      truncated: false,
    });
    expect(context.llmMs).to.equal(2500);
    expect(app.logLines).to.deep.equal([
      {
        level: 'info',
        fields: {
          clientId,
          turnId: turn.id,
          conversationId: 'c',
          characterId: character.id,
          outcome: 'completed',
          model: GOOD_DAY.model,
          usage: GOOD_DAY.usage,
        },
        message: 'turn',
      },
    ]);
  });

  it('says when the model was shown less than the whole conversation', async () => {
    const truncated = [];
    for (let i = 0; i < 5; i += 1) truncated.push((await app.send(mine)).conversation.truncated);
    expect(truncated).to.deep.equal([false, false, false, false, true]);
    expect(shownHistory(app.llm.prompts.at(-1))).to.have.length(3);
    expect((await kept())?.turns).to.equal(5);
  });

  for (const [what, thrown, code] of [
    ['refuses', new AppError('model_rejected'), 'model_rejected'],
    ['fails', new AppError('model_failed'), 'model_failed'],
    ['throws what nobody foresaw', new TypeError('boom'), 'internal_error'],
  ] as const) {
    it(`keeps nothing when the model ${what}, and frees the conversation`, async () => {
      await app.send(mine);
      const before = await kept();
      app.clock.advance(1000);
      app.llm.answer = () => {
        throw thrown;
      };
      const error: unknown = await app.send(mine).catch((reason: unknown) => reason);
      expect(error).to.equal(thrown);
      expect(await kept()).to.deep.equal(before);
      expect(outcomes().at(-1)).to.deep.equal(['failed', code]);

      app.llm.answer = () => GOOD_DAY;
      const next = await app.send({ ...mine, onBusy: 'reject' });
      expect(next.conversation.turns).to.equal(2);
    });
  }

  it('keeps nothing and calls no model for a character that is not there or is another’s', async () => {
    const other = await app.signUp('grace@example.com');
    const theirs = await app.createCharacter(other.clientId);
    for (const characterId of [theirs.id, '0190c0de-1234-7abc-8def-0123456789ab']) {
      expect(await outcomeOf(app.send({ clientId, characterId }))).to.equal('character_not_found');
    }
    expect(app.llm.prompts).to.deep.equal([]);
    expect(await kept()).to.equal(null);
    expect(outcomes()).to.deep.equal(Array(2).fill(['failed', 'character_not_found']));
  });

  it('keeps a conversation to its character', async () => {
    await app.send(mine);
    const second = await app.createCharacter(clientId);
    const before = await kept();
    expect(await outcomeOf(app.send({ clientId, characterId: second.id }))).to.equal(
      'conversation_character_mismatch',
    );
    expect(app.llm.prompts).to.have.length(1);
    expect(await kept()).to.deep.equal(before);
  });

  it('keeps nothing when the caller goes, cancels the model, and lets the next one in', async () => {
    const held = app.llm.hold();
    const called = app.llm.nextCall();
    const caller = new AbortController();
    const left = new DOMException('The caller has gone.', 'AbortError');
    const turn = app.send({ ...mine, signal: caller.signal });
    const signal = await called;
    const waiting = app.send({ ...mine, message: 'next' });
    caller.abort(left);
    expect(await turn.catch((reason: unknown) => reason)).to.equal(left);
    expect(signal.reason).to.equal(left);
    expect(outcomes()).to.deep.equal([['cancelled', undefined]]);
    held.release();
    expect((await waiting).conversation).to.include({ isNew: true, turns: 1 });
  });

  it('answers a failed turn only when its conversation has been given back', async () => {
    const events: string[] = [];
    const given = new EventEmitter();
    const conversations = new Proxy(app.conversations, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (name !== 'openTurn') return typeof member === 'function' ? member.bind(target) : member;
        return async (...args: Parameters<typeof target.openTurn>) => {
          const opened = await target.openTurn(...args);
          if (opened.kind !== 'open') return opened;
          const release = async (): Promise<void> => {
            setImmediate(() => given.emit('asked'));
            await once(given, 'back');
            await opened.release();
            events.push('given back');
          };
          return { ...opened, release };
        };
      },
    });
    app.llm.answer = () => Promise.reject(new AppError('model_failed'));
    const sendMessage = new SendMessage({ ...app, conversations });
    const answered = outcomeOf(sendMessage.execute(app.messageInput(mine))).then((outcome) =>
      events.push(outcome),
    );
    await once(given, 'asked');
    given.emit('back');
    await answered;
    expect(events).to.deep.equal(['given back', 'model_failed']);
  });

  it('calls no model for a caller who goes while waiting', async () => {
    const held = app.llm.hold();
    const called = app.llm.nextCall();
    const caller = new AbortController();
    const first = app.send(mine);
    await called;
    const waiting = outcomeOf(app.send({ ...mine, signal: caller.signal }));
    caller.abort();
    expect(await waiting).to.equal('AbortError');
    held.release();
    await first;
    expect(app.llm.prompts).to.have.length(1);
    expect((await kept())?.turns).to.equal(1);
  });

  describe('when a deletion comes in the middle of a turn', () => {
    const DELETIONS = {
      conversation_not_found: () => new DeleteConversation(app).execute({ clientId, conversationId: 'c' }),
      character_not_found: () => new DeleteCharacter(app).execute(mine),
      unauthenticated: () => new DeleteClient(app).execute({ clientId, origin: ORIGIN }),
    };
    for (const [code, remove] of Object.entries(DELETIONS)) {
      it(`ends the turn with ${code}, and brings nothing back to life`, async () => {
        await app.send(mine);
        const held = app.llm.hold();
        const called = app.llm.nextCall();
        const turn = outcomeOf(app.send(mine));
        const signal = await called;
        await remove();
        expect(await turn).to.equal(code);
        expect(signal.aborted).to.equal(true);
        held.release();
        expect(await kept()).to.equal(null);
      });

      it(`ends the turn with ${code} also when the model answers all the same`, async () => {
        await app.send(mine);
        app.llm.answer = async () => {
          await remove();
          return GOOD_DAY;
        };
        expect(await outcomeOf(app.send(mine))).to.equal(code);
        expect(await kept()).to.equal(null);
      });
    }

    it('calls no model when the turn was lost before', async () => {
      const characters = new InterruptedCharacterRepository(app.database, DELETIONS.character_not_found);
      const sendMessage = new SendMessage({ ...app, characters });
      expect(await outcomeOf(sendMessage.execute(app.messageInput(mine)))).to.equal('character_not_found');
      expect(app.llm.prompts).to.deep.equal([]);
    });

    for (const [what, remove, code] of [
      ['character', () => new DeleteCharacter(app).execute(mine), 'character_not_found'],
      ['client', () => new DeleteClient(app).execute({ clientId, origin: ORIGIN }), 'unauthenticated'],
    ] as const) {
      it(`lets nobody who waited go on without the ${what}`, async () => {
        const held = app.llm.hold();
        const called = app.llm.nextCall();
        const running = outcomeOf(app.send(mine));
        await called;
        const waiting = [1, 2, 3].map(() => outcomeOf(app.send(mine)));
        await remove();
        await running;
        expect(await Promise.all(waiting)).to.deep.equal(Array(3).fill(code));
        held.release();
        expect(app.llm.prompts).to.have.length(1);
        expect(await kept()).to.equal(null);
      });
    }
  });
});
