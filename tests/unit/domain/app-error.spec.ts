import { expect } from 'chai';
import { AppError, ERROR_CODES, invalidFields } from '#src/domain/errors.js';

describe('AppError', () => {
  for (const code of ERROR_CODES) {
    it(`${code} has a kind and a sentence for anybody`, () => {
      const error = new AppError(code);
      expect(error).to.be.instanceOf(Error).and.include({ name: 'AppError', message: code, code });
      expect(error.kind).to.be.a('string');
      expect(error.detail).to.match(/^[A-Z].{10,80}\.$/);
      expect(error.cause).to.equal(undefined);
      expect(error.fields).to.equal(undefined);
    });
  }

  it('knows of no wait and of no second try, unless it is given them', () => {
    for (const code of ERROR_CODES) {
      const { retryAfterSeconds, transient } = new AppError(code);
      expect({ retryAfterSeconds, transient }, code).to.deep.equal({
        retryAfterSeconds: undefined,
        transient: false,
      });
    }
    expect(new AppError('model_unavailable', { transient: true }).transient).to.equal(true);
  });

  it('takes a sentence, a wait and a cause of its own', () => {
    const cause = new Error('inner');
    const error = new AppError('model_unavailable', { detail: 'Later.', retryAfterSeconds: 9, cause });
    expect(error).to.include({ detail: 'Later.', retryAfterSeconds: 9, cause });
  });

  it('shows nothing of its cause in what it says', () => {
    const { message, detail } = new AppError('database_unavailable', { cause: new Error('/secret/path') });
    expect(message + detail).not.to.include('secret');
  });
});

describe('invalidFields', () => {
  it('is an invalid request that names its fields', () => {
    const fields = [
      { field: 'a', message: 'is required' },
      { field: 'b', message: 'is too long' },
    ];
    expect(invalidFields(...fields)).to.deep.include({ code: 'invalid_request', kind: 'invalid', fields });
  });
});
