import { expect } from 'chai';
import { TurnQueue } from '#src/adapters/memory/conversations/turn-queue.js';
import { AppError } from '#src/domain/errors.js';

describe('TurnQueue', () => {
  const lanes = new TurnQueue({ maxWaiting: 1, maxWaitMs: 1000 });
  const enter = (clientId: string, signal = new AbortController().signal) =>
    lanes.enter(
      clientId,
      { conversationId: 'c', characterIds: new Set(['character']) },
      { onBusy: 'queue', signal },
    );

  it('keep nothing of clients that have no turn any more, however their turns ended', async () => {
    const right = await enter('ada');
    const leaving = new AbortController();
    const waiting = enter('ada', leaving.signal);
    const busy = await enter('ada').catch((error: unknown) => error);
    expect(busy).to.have.property('code', 'conversation_busy');
    expect([lanes.turnsOf('ada'), lanes.size]).to.deep.equal([2, 1]);
    leaving.abort();
    await waiting.catch(() => undefined);
    right.giveBack();
    await enter('bob');
    const refused = enter('bob');
    lanes.revoke('bob', () => true, new AppError('unauthenticated'));
    await refused.catch(() => undefined);
    expect([lanes.turnsOf('ada'), lanes.turnsOf('bob'), lanes.size]).to.deep.equal([0, 0, 0]);
  });
});
