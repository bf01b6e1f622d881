import { expect } from 'chai';
import fc from 'fast-check';
import { estimateMaxTokens, estimatePrompt, estimateTokens } from '#src/domain/models/token-estimate.js';

const ROLES = ['system', 'assistant', 'user'] as const;
const anyText = fc.string({ unit: 'binary', maxLength: 200 });

describe('estimateTokens', () => {
  for (const [text, tokens] of [
    ['', 4],
    ['a', 5],
    ['four', 5],
    ['fives', 6],
    ['é', 5],
    ['日本語', 7],
    ['😀', 6],
    ['four日', 6],
    ['\u007f', 5],
    ['\u0080', 5],
  ] as const) {
    it(`guesses ${tokens} for ${JSON.stringify(text)}`, () => {
      expect(estimateTokens(text)).to.equal(tokens);
    });
  }

  it('is a whole number of at least what a message costs empty', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const tokens = estimateTokens(text);
        return Number.isInteger(tokens) && tokens >= 4;
      }),
    );
  });

  it('never falls when text is added, nor by the order of the text', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, more) => {
        const together = estimateTokens(text + more);
        return together >= estimateTokens(text) && together === estimateTokens(more + text);
      }),
    );
  });

  it('counts two messages as no less than their texts in one', () => {
    fc.assert(
      fc.property(
        anyText,
        anyText,
        (one, two) => estimateTokens(one) + estimateTokens(two) >= estimateTokens(one + two),
      ),
    );
  });

  it('never guesses fewer tokens than a fourth of the characters', () => {
    fc.assert(fc.property(anyText, (text) => estimateTokens(text) >= text.length / 4));
  });
});

describe('the estimate of a prompt', () => {
  const texts = ['You sell books.', 'Good day', 'Hello', 'How are you?', 'Well.'];
  const messages = texts.map((content, index) => ({ role: ROLES[index % 3] ?? 'user', content }));

  it('is that of all its messages', () => {
    const each = texts.map(estimateTokens);
    expect(estimatePrompt(messages)).to.equal(each.reduce((sum, tokens) => sum + tokens, 0));
  });

  it('takes the reply at its cap for the dearest answer, and what chat formats put before it', () => {
    expect(estimateMaxTokens(messages, 500)).to.equal(estimatePrompt(messages) + 3 + 500);
  });

  it('never falls below what OpenAI counts around messages: 4 for each and 3 before the reply', () => {
    const empty = [
      { role: 'system', content: '' },
      { role: 'user', content: '' },
    ] as const;
    expect(estimateMaxTokens(empty, 1)).to.be.at.least(2 * 4 + 3 + 1);
  });
});
