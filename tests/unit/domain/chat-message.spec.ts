import { expect } from 'chai';
import fc from 'fast-check';
import { toChatMessages } from '#src/domain/conversations/chat-message.js';
import { toExchange } from '#src/domain/conversations/conversation.js';
import { completeTurn } from '#src/domain/conversations/turn.js';
import { estimatePrompt, estimateTokens } from '#src/domain/models/token-estimate.js';

const anyText = fc.string({ unit: 'binary', maxLength: 30 });
const anyTexts = fc.record({
  instructions: anyText,
  greeting: fc.option(anyText),
  history: fc.array(fc.record({ user: anyText, assistant: anyText }), { maxLength: 8 }),
  message: anyText,
});

describe('toChatMessages', () => {
  it('shows the instructions, the greeting, every turn and the new message, in that order', () => {
    const history = [
      { user: 'one', assistant: 'two' },
      { user: 'three', assistant: 'four' },
    ];
    const texts = { instructions: 'Sell {x}.', greeting: 'Hi', history, message: 'five' };
    expect(toChatMessages(texts)).to.deep.equal([
      { role: 'system', content: 'Sell {x}.' },
      { role: 'assistant', content: 'Hi' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'two' },
      { role: 'user', content: 'three' },
      { role: 'assistant', content: 'four' },
      { role: 'user', content: 'five' },
    ]);
  });

  it('shows nothing for a greeting that is not there', () => {
    const texts = { instructions: 'Sell.', greeting: null, history: [], message: 'Hi' };
    expect(toChatMessages(texts)).to.deep.equal([
      { role: 'system', content: 'Sell.' },
      { role: 'user', content: 'Hi' },
    ]);
  });

  it('keeps every text byte for byte, and lets the user and the assistant take turns up to the new message', () => {
    fc.assert(
      fc.property(anyTexts, (texts) => {
        const [first, ...said] = toChatMessages(texts);
        const { instructions, greeting, history, message } = texts;
        const opening = greeting === null ? [] : [greeting];
        const turns = history.flatMap(({ user, assistant }) => [user, assistant]);
        expect(first).to.deep.equal({ role: 'system', content: instructions });
        expect(said.map(({ content }) => content)).to.deep.equal([...opening, ...turns, message]);
        const backwards = said.map(({ role }) => role).reverse();
        expect(backwards.every((role, i) => role === (i % 2 === 0 ? 'user' : 'assistant'))).to.equal(true);
      }),
      { seed: 11 },
    );
  });

  it('weighs as much as the turns were counted with when they were kept', () => {
    fc.assert(
      fc.property(anyTexts, (texts) => {
        const { instructions, greeting, history, message } = texts;
        const others = [instructions, ...(greeting === null ? [] : [greeting]), message];
        const kept = history.map(({ user, assistant }) => keptTokens(user, assistant));
        const each = [...others.map(estimateTokens), ...kept];
        expect(estimatePrompt(toChatMessages(texts))).to.equal(each.reduce((sum, tokens) => sum + tokens, 0));
      }),
      { seed: 12 },
    );
  });
});

function keptTokens(userMessage: string, content: string): number {
  const at = '2026-01-01T00:00:00.000Z';
  const turn = { id: 't', conversationId: 'c', characterId: 'x', userMessage, startedAt: at };
  const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false };
  const completion = { reply: { content, finishReason: 'stop' as const }, model: 'm', usage };
  return toExchange(completeTurn(turn, completion, at)).tokens;
}
