import { expect } from 'chai';
import { SendMessage } from '#src/application/chat/send-message.js';
import { TurnObservers } from '#src/application/chat/turn-observers.js';
import type { TurnEvent, TurnObserver } from '#src/application/ports/chat/turn-observer.js';
import { AppError } from '#src/domain/errors.js';
import { GOOD_DAY } from '#tests/support/fakes/scripted-llm-gateway.js';
import { outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

const CANARY = 'c4n4ry';

class RecordingObserver implements TurnObserver {
  readonly events: TurnEvent[] = [];

  observe(event: TurnEvent): void {
    this.events.push(event);
  }
}

class ThrowingObserver implements TurnObserver {
  observe(): void {
    throw new RangeError(CANARY);
  }
}

class RejectingObserver implements TurnObserver {
  async observe(): Promise<void> {
    throw CANARY;
  }
}

class HangingObserver implements TurnObserver {
  observe(): Promise<never> {
    return new Promise(() => {});
  }
}

describe('observers of a turn', () => {
  let app: UseCaseFixture;
  let mine: { clientId: string; characterId: string };
  let recorder: RecordingObserver;

  beforeEach(async () => {
    app = new UseCaseFixture();
    const { clientId } = await app.signUp();
    mine = { clientId, characterId: (await app.createCharacter(clientId)).id };
    recorder = new RecordingObserver();
  });

  afterEach(() => app.close());

  const sendWith = (observers: readonly TurnObserver[], input: Parameters<UseCaseFixture['send']>[0]) =>
    new SendMessage({ ...app, observers: new TurnObservers({ ...app, observers }) }).execute(
      app.messageInput(input),
    );
  const reader = { onDelta: async () => app.clock.advance(7) };

  it('see a turn from its opening to its end, with whose it is, what was asked and when', async () => {
    const startedAt = app.clock.now();
    app.llm.answer = () => {
      app.clock.advance(100);
      return GOOD_DAY;
    };
    const { turn } = await sendWith([recorder], { ...mine, reader });
    const observed = { ...mine, turnId: turn.id, conversationId: 'c' };
    const [opened, firstToken, attempt, ended] = recorder.events;
    expect(opened).to.deep.equal({ kind: 'opened', turn: observed });
    expect(firstToken).to.deep.equal({ kind: 'first_token', turn: observed, waitedMs: 100 });
    const { model, usage } = GOOD_DAY;
    expect(attempt).to.deep.equal({
      kind: 'attempt',
      turn: observed,
      attempt: { model, outcome: 'completed', usage, elapsedMs: 0 },
    });
    expect(ended).to.deep.equal({
      kind: 'ended',
      turn: observed,
      outcome: turn.outcome,
      call: {
        prompt: app.llm.prompts[0],
        streamed: true,
        startedAt,
        firstTokenAt: startedAt + 100,
        endedAt: startedAt + 114,
        outcome: { kind: 'completed', completion: GOOD_DAY },
      },
    });
  });

  it('see that no model was asked, that one failed, and that an answer was given again', async () => {
    const idempotency = { key: 'k', digest: 'd' };
    const missing = { ...mine, characterId: '0190c0de-1234-7abc-8def-0123456789ab' };
    await outcomeOf(sendWith([recorder], missing));
    await sendWith([recorder], { ...mine, idempotency });
    await sendWith([recorder], { ...mine, idempotency });
    app.llm.answer = () => {
      throw new AppError('model_failed');
    };
    await outcomeOf(sendWith([recorder], mine));
    const seen = recorder.events.map((event) =>
      event.kind === 'ended' ? [event.outcome.status, event.call?.outcome.kind ?? null] : event.kind,
    );
    expect(seen).to.deep.equal([
      'opened',
      ['failed', null],
      'opened',
      'attempt',
      ['completed', 'completed'],
      'replayed',
      'opened',
      ['failed', 'failed'],
    ]);
  });

  for (const [what, observer, error] of [
    ['throws', new ThrowingObserver(), 'RangeError'],
    ['rejects', new RejectingObserver(), 'string'],
  ] as const) {
    it(`harm neither the turn nor one another when one ${what}, and the log has none of its words`, async () => {
      const { turn } = await sendWith([observer, recorder], { ...mine, reader, observer });
      expect(turn.outcome.reply).to.deep.equal(GOOD_DAY.reply);
      expect(recorder.events.map(({ kind }) => kind)).to.include.members(['opened', 'first_token', 'ended']);
      await new Promise(setImmediate);
      const opened = app.logLines.filter(({ fields }) => fields['event'] === 'opened');
      const fields = { observer: observer.constructor.name, event: 'opened', error, turnId: turn.id };
      const line = { level: 'error', fields, message: 'a turn observer failed' };
      expect(opened).to.deep.equal([line, line]);
      expect(JSON.stringify(app.logLines)).not.to.include(CANARY);
    });
  }

  it('are not waited for', async () => {
    const { turn } = await sendWith([new HangingObserver(), recorder], { ...mine, reader });
    expect(turn.outcome.status).to.equal('completed');
    expect(recorder.events.at(-1)?.kind).to.equal('ended');
  });
});
