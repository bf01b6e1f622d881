import { expect } from 'chai';
import type { Character } from '#src/domain/characters/character.js';
import { AppError } from '#src/domain/errors.js';
import { assertModelAllowed, effectiveModel, type ModelPolicy } from '#src/domain/models/model-policy.js';

const policy: ModelPolicy = {
  defaultModel: 'small',
  allowedModels: ['small', 'large'],
  maxOutputTokens: 500,
};
const MODEL = { field: 'model', message: 'must be one of the models that the operator allows' };
const CAP = { field: 'maxOutputTokens', message: 'must be at most 500' };

function character(requested: Partial<Character>): Character {
  const now = '2026-01-01T00:00:00.000Z';
  return {
    id: 'x',
    name: 'Ada',
    instructions: 'You sell books.',
    greeting: null,
    model: null,
    temperature: null,
    maxOutputTokens: null,
    ttlSeconds: 300,
    createdAt: now,
    updatedAt: now,
    ...requested,
  };
}

describe('assertModelAllowed', () => {
  for (const requested of [
    {},
    { model: null, maxOutputTokens: null },
    { model: 'small' },
    { model: 'large', maxOutputTokens: 500 },
    { maxOutputTokens: 1 },
  ]) {
    it(`allows ${JSON.stringify(requested)}`, () => {
      expect(() => assertModelAllowed(policy, requested)).not.to.throw();
    });
  }

  for (const [requested, fields] of [
    [{ model: 'huge' }, [MODEL]],
    [{ model: '' }, [MODEL]],
    [{ model: 'Large' }, [MODEL]],
    [{ maxOutputTokens: 501 }, [CAP]],
    [{ model: 'huge', maxOutputTokens: 501 }, [MODEL, CAP]],
  ] as const) {
    it(`refuses ${JSON.stringify(requested)}, and names every faulty field`, () => {
      expect(() => assertModelAllowed(policy, requested))
        .to.throw(AppError)
        .that.deep.includes({ code: 'invalid_request', fields });
    });
  }
});

describe('effectiveModel', () => {
  for (const [requested, expected] of [
    [{}, { model: 'small', maxOutputTokens: 500 }],
    [
      { model: 'large', maxOutputTokens: 20 },
      { model: 'large', maxOutputTokens: 20 },
    ],
    [
      { model: 'withdrawn', maxOutputTokens: 501 },
      { model: 'small', maxOutputTokens: 500 },
    ],
  ] as const) {
    it(`of ${JSON.stringify(requested)} is ${JSON.stringify(expected)}`, () => {
      expect(effectiveModel(policy, character(requested))).to.deep.equal(expected);
    });
  }
});
