import { expect } from 'chai';
import { assertPasswordAcceptable } from '#src/domain/clients/password-policy.js';
import { AppError } from '#src/domain/errors.js';

const EMAIL = 'Ada@Example.com';
const LENGTH = 'must have 8 to 128 characters';
const check = (password: string, { email = EMAIL, isCommon = false } = {}) =>
  assertPasswordAcceptable(password, email, isCommon, 'newPassword');

describe('assertPasswordAcceptable', () => {
  for (const [what, password] of [
    ['8 characters', 'x'.repeat(8)],
    ['128 characters', 'x'.repeat(128)],
    ['spaces alone: there are no composition rules', ' '.repeat(8)],
    ['8 characters outside the BMP, counted once each', '😀'.repeat(8)],
    ['128 of them', '😀'.repeat(128)],
    ['9 characters that NFKC makes of 3', 'ﬃﬃﬃ'],
    ['128 characters that NFKC makes of 256', 'e\u0301'.repeat(128)],
    ['part of the address', 'example.com'],
  ] as const) {
    it(`takes ${what}`, () => {
      expect(() => check(password)).not.to.throw();
    });
  }

  for (const [what, password] of [
    ['none', ''],
    ['7', 'x'.repeat(7)],
    ['129', 'x'.repeat(129)],
    ['7 outside the BMP, though they are 14 UTF-16 units', '😀'.repeat(7)],
    ['4, which are 8 code points before NFKC', 'e\u0301'.repeat(4)],
    ['more than 128 after NFKC, though fewer before', 'ﬃ'.repeat(43)],
  ] as const) {
    it(`refuses a length of ${what}`, () => {
      expect(() => check(password))
        .to.throw(AppError)
        .that.deep.includes({
          code: 'invalid_request',
          fields: [{ field: 'newPassword', message: LENGTH }],
        });
    });
  }

  for (const password of [EMAIL, EMAIL.toUpperCase(), 'ａｄａ@example.com']) {
    it(`refuses the address, also spelled ${password}`, () => {
      expect(() => check(password))
        .to.throw(AppError)
        .that.deep.includes({ fields: [{ field: 'newPassword', message: 'must not be the email' }] });
    });
  }

  it('refuses what everybody has', () => {
    expect(() => check('password1', { isCommon: true }))
      .to.throw(AppError)
      .that.deep.includes({
        fields: [{ field: 'newPassword', message: 'is one of the most common passwords' }],
      });
  });

  it('says nothing of the password itself', () => {
    for (const password of ['hunter2', EMAIL]) {
      expect(() => check(password))
        .to.throw(AppError)
        .that.satisfies((error: AppError) => {
          return !JSON.stringify([error.message, error.detail, error.fields]).includes(password);
        });
    }
  });
});
