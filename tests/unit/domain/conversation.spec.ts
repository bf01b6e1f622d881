import { expect } from 'chai';
import fc from 'fast-check';
import {
  type Exchange,
  type HistoryBounds,
  keepNewest,
  selectGreeting,
  selectHistory,
  toExchange,
} from '#src/domain/conversations/conversation.js';
import { completeTurn } from '#src/domain/conversations/turn.js';
import { estimateTokens } from '#src/domain/models/token-estimate.js';

function exchange(tokens: number, i = 0): Exchange {
  const time = '2026-01-01T00:00:00.000Z';
  return { turnId: `t${i}`, user: 'u', assistant: 'a', userAt: time, assistantAt: time, tokens };
}

const exchangesOf = (...tokens: number[]) => tokens.map(exchange);
const anyExchanges = fc
  .array(fc.nat(50), { maxLength: 30 })
  .map((tokens) => tokens.map((count, i) => exchange(count, i)));
const anyBounds: fc.Arbitrary<HistoryBounds> = fc.record({
  maxMessages: fc.integer({ min: 2, max: 40 }),
  maxTokens: fc.nat(500),
});
const tokensOf = (exchanges: readonly Exchange[]) => exchanges.reduce((sum, { tokens }) => sum + tokens, 0);

describe('selectGreeting', () => {
  const greeting = { text: 'Good day', at: '2026-01-01T00:00:00.000Z' };
  const tokens = estimateTokens('Good day');
  const bounds = (maxTokens: number) => ({ maxMessages: 4, maxTokens });

  it('shows it before all turns, and the bound of messages does not count it', () => {
    const history = exchangesOf(10, 10);
    expect(selectGreeting({ greeting, turns: 2 }, history, bounds(100))).to.equal(greeting);
  });

  it('leaves it out with the first turn that is left out', () => {
    expect(selectGreeting({ greeting, turns: 3 }, exchangesOf(10, 10), bounds(100))).to.equal(null);
  });

  it('shows what fits beside the turns exactly, and nothing that is one token over', () => {
    const history = exchangesOf(10);
    expect(selectGreeting({ greeting, turns: 1 }, history, bounds(10 + tokens))).to.equal(greeting);
    expect(selectGreeting({ greeting, turns: 1 }, history, bounds(9 + tokens))).to.equal(null);
  });

  it('has nothing to show of a conversation without one', () => {
    expect(selectGreeting({ greeting: null, turns: 0 }, [], bounds(100))).to.equal(null);
  });
});

describe('selectHistory', () => {
  it('takes whatever fits, in order', () => {
    const all = exchangesOf(1, 2, 3);
    expect(selectHistory(all, { maxMessages: 6, maxTokens: 6 })).to.deep.equal(all);
    expect(selectHistory([], { maxMessages: 6, maxTokens: 6 })).to.deep.equal([]);
  });

  for (const [maxMessages, kept] of [
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 3],
  ] as const) {
    it(`takes ${kept} of 3 turns for ${maxMessages} messages: whole ones, the newest`, () => {
      const all = exchangesOf(1, 2, 3);
      expect(selectHistory(all, { maxMessages, maxTokens: 100 })).to.deep.equal(all.slice(-kept));
    });
  }

  it('stops at the first turn that does not fit, though an older one would', () => {
    const all = exchangesOf(1, 100, 5, 5);
    expect(selectHistory(all, { maxMessages: 40, maxTokens: 20 })).to.deep.equal(all.slice(2));
  });

  it('takes a turn that fits exactly, and none that is one token over', () => {
    const all = exchangesOf(10, 10);
    expect(selectHistory(all, { maxMessages: 40, maxTokens: 20 })).to.have.length(2);
    expect(selectHistory(all, { maxMessages: 40, maxTokens: 19 })).to.have.length(1);
    expect(selectHistory(all, { maxMessages: 40, maxTokens: 9 })).to.have.length(0);
  });

  it('is the longest end of the conversation within both bounds', () => {
    fc.assert(
      fc.property(anyExchanges, anyBounds, (all, bounds) => {
        const chosen = selectHistory(all, bounds);
        expect(chosen).to.deep.equal(all.slice(all.length - chosen.length));
        expect(chosen.length * 2).to.be.at.most(bounds.maxMessages);
        expect(tokensOf(chosen)).to.be.at.most(bounds.maxTokens);
        if (chosen.length === all.length) return;
        const one = all.slice(all.length - chosen.length - 1);
        expect(one.length * 2 > bounds.maxMessages || tokensOf(one) > bounds.maxTokens).to.equal(true);
      }),
    );
  });
});

describe('keepNewest', () => {
  it('keeps the newest turns that the messages allow, and at least one', () => {
    const all = exchangesOf(1, 2, 3, 4, 5);
    for (const [maxMessages, kept] of [
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
      [10, 5],
      [40, 5],
    ] as const) {
      expect(keepNewest(all, { maxMessages, maxTokens: 0 })).to.deep.equal(all.slice(-kept));
    }
  });

  it('keeps all that the model could be shown', () => {
    fc.assert(
      fc.property(anyExchanges, anyBounds, (all, bounds) => {
        expect(selectHistory(keepNewest(all, bounds), bounds)).to.deep.equal(selectHistory(all, bounds));
      }),
    );
  });
});

describe('toExchange', () => {
  it('remembers both messages of a completed turn, their times and their weight', () => {
    const turn = {
      id: 't1',
      conversationId: 'c',
      characterId: 'x',
      userMessage: 'What is it?',
      startedAt: '2026-01-01T00:00:00.000Z',
    };
    const completed = completeTurn(
      turn,
      {
        reply: { content: 'It is 本.', finishReason: 'stop' },
        model: 'm',
        usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false },
      },
      '2026-01-01T00:00:02.000Z',
    );
    expect(toExchange(completed)).to.deep.equal({
      turnId: 't1',
      user: 'What is it?',
      assistant: 'It is 本.',
      userAt: '2026-01-01T00:00:00.000Z',
      assistantAt: '2026-01-01T00:00:02.000Z',
      tokens: estimateTokens('What is it?') + estimateTokens('It is 本.'),
    });
  });
});
