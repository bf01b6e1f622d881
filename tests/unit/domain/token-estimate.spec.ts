import { expect } from 'chai';
import fc from 'fast-check';
import { estimateMaxTokens, estimatePrompt, estimateTokens } from '#src/domain/models/token-estimate.js';

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
  const prompt = {
    instructions: 'You sell books.',
    greeting: 'Good day',
    history: [{ tokens: 100 }, { tokens: 20 }],
    message: 'Hello',
  };

  it('is that of all its messages', () => {
    expect(estimatePrompt(prompt)).to.equal(
      estimateTokens('You sell books.') + estimateTokens('Good day') + 100 + 20 + estimateTokens('Hello'),
    );
  });

  it('takes the reply at its cap for the dearest answer, and what chat formats put before it', () => {
    const dearest = estimateMaxTokens({ ...prompt, maxOutputTokens: 500 });
    expect(dearest).to.equal(estimatePrompt(prompt) + 3 + 500);
  });

  it('never falls below what OpenAI counts around messages: 4 for each and 3 before the reply', () => {
    const empty = { instructions: '', greeting: null, history: [], message: '', maxOutputTokens: 1 };
    expect(estimateMaxTokens(empty)).to.be.at.least(2 * 4 + 3 + 1);
  });
});
