import { expect } from 'chai';
import { detectProvider, PROVIDERS } from '#src/domain/models/model-provider.js';

const EXPECTED: readonly [model: string, provider: string | null][] = [
  ['gpt-4o-mini', 'openai'],
  ['gpt-5', 'openai'],
  ['chatgpt-4o-latest', 'openai'],
  ['o1', 'openai'],
  ['o1-mini', 'openai'],
  ['o3', 'openai'],
  ['o4-mini', 'openai'],
  ['mistral-large-latest', 'mistral'],
  ['ministral-8b-latest', 'mistral'],
  ['magistral-medium-2506', 'mistral'],
  ['codestral-latest', 'mistral'],
  ['pixtral-12b', 'mistral'],
  ['open-mistral-7b', 'mistral'],
  ['open-mixtral-8x22b', 'mistral'],
  ['demo', 'demo'],
  ['demo-2', null],
  ['my-demo', null],
  ['llama3.2', null],
  ['ollama', null],
  ['olmo-7b', null],
  ['gpt', null],
  ['my-gpt-4', null],
  ['open-llama', null],
  ['mistral', null],
  ['GPT-4o', null],
  ['', null],
];

describe('detectProvider', () => {
  for (const [model, provider] of EXPECTED) {
    it(`takes ${JSON.stringify(model)} for ${provider ?? 'a name that it does not know'}`, () => {
      expect(detectProvider(model)).to.equal(provider);
    });
  }

  it('never guesses openai-compatible, which needs an address', () => {
    const guessed = new Set(EXPECTED.map(([model]) => detectProvider(model)));
    expect([...guessed].filter((provider) => provider !== null)).to.have.members(
      PROVIDERS.filter((provider) => provider !== 'openai-compatible'),
    );
  });
});
