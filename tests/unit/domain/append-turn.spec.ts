import { expect } from 'chai';
import fc from 'fast-check';
import { appendTurn } from '#src/domain/conversations/append-turn.js';
import { type Conversation, keepNewest, toExchange } from '#src/domain/conversations/conversation.js';
import { completedTurn } from '#tests/support/fixtures/cache-fixture.js';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const GREETING = { text: 'Good day', at: '2026-01-01T00:00:00.000Z' };
const BEGINNING = { id: 'c1', characterId: 'ada', greeting: GREETING };
const BOUNDS = { maxMessages: 4, maxTokens: 1000 };

function append(before: Conversation | null, id: string, changes = {}): Conversation {
  const turn = completedTurn(id);
  return appendTurn({
    ...{ before, beginning: BEGINNING, turn, bounds: BOUNDS, now: NOW, ttlSeconds: 60 },
    ...changes,
  });
}

describe('appendTurn', () => {
  it('begins a conversation with its first turn', () => {
    expect(append(null, 't1')).to.deep.equal({
      id: 'c1',
      characterId: 'ada',
      greeting: GREETING,
      turns: 1,
      exchanges: [toExchange(completedTurn('t1'))],
      expiresAt: '2026-01-01T00:01:00.000Z',
    });
    expect(append(null, 't1', { beginning: { ...BEGINNING, greeting: null } }).greeting).to.equal(null);
  });

  it('goes on under the id, the character and the greeting that it began with', () => {
    const before = append(null, 't1');
    const beginning = { id: 'c2', characterId: 'bob', greeting: null };
    const { id, characterId, greeting } = append(before, 't2', { beginning });
    expect({ id, characterId, greeting }).to.deep.equal(BEGINNING);
  });

  it('counts the expiry from now on, also when that is sooner than before', () => {
    const before = append(null, 't1', { ttlSeconds: 3600 });
    const after = append(before, 't2', { now: NOW + 1500, ttlSeconds: 1 });
    expect(after.expiresAt).to.equal('2026-01-01T00:00:02.500Z');
  });

  it('leaves a conversation as it is that holds the turn already', () => {
    const before = append(append(null, 't1'), 't2');
    const changes = { now: NOW + 60_000, ttlSeconds: 3600 };
    for (const id of ['t1', 't2']) expect(append(before, id, changes)).to.equal(before);
  });

  it('can be changed by nobody, nor through the greeting that it was given', () => {
    const greeting = { ...GREETING };
    const after = append(null, 't1', { beginning: { ...BEGINNING, greeting } });
    greeting.text = 'Changed';
    expect(after.greeting).to.deep.equal(GREETING);
    const parts = [after, after.greeting, after.exchanges, ...after.exchanges];
    expect(parts.map((part) => Object.isFrozen(part))).to.deep.equal([true, true, true, true]);
  });

  it('holds the newest turns once each, counts all, and never changes what was before', () => {
    const turns = fc.array(fc.record({ id: fc.nat(12), ttlSeconds: fc.integer({ min: 1, max: 9 }) }), {
      maxLength: 40,
    });
    const bounds = fc.record({ maxMessages: fc.integer({ min: 1, max: 12 }), maxTokens: fc.nat(50) });
    fc.assert(
      fc.property(turns, bounds, (all, within) => {
        const appended: string[] = [];
        let conversation: Conversation | null = null;
        for (const [index, { id, ttlSeconds }] of all.entries()) {
          const before: Conversation | null = conversation;
          const was = structuredClone(before);
          const now = NOW + index * 1000;
          const kept = keepNewest(
            appended.map((turnId) => toExchange(completedTurn(turnId))),
            within,
          );
          conversation = append(before, `t${id}`, { bounds: within, now, ttlSeconds });
          expect(before).to.deep.equal(was);
          if (kept.some(({ turnId }) => turnId === `t${id}`)) {
            expect(conversation).to.equal(before);
            continue;
          }
          appended.push(`t${id}`);
          expect(conversation).to.deep.equal({
            ...BEGINNING,
            turns: appended.length,
            exchanges: appended
              .slice(-Math.max(1, Math.floor(within.maxMessages / 2)))
              .map((turnId) => toExchange(completedTurn(turnId))),
            expiresAt: new Date(now + ttlSeconds * 1000).toISOString(),
          });
        }
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});
