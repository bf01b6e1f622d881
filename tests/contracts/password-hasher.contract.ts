import { expect } from 'chai';
import type { PasswordHasher } from '#src/application/ports/password-hasher.js';

export interface PasswordHasherHarness {
  readonly name: string;
  create(): PasswordHasher;
}

/** Everything that a {@link PasswordHasher} promises, whatever it costs. */
export function passwordHasherContract(harness: PasswordHasherHarness): void {
  describe(`PasswordHasher: ${harness.name}`, () => {
    let hasher: PasswordHasher;

    beforeEach(() => {
      hasher = harness.create();
    });

    it('knows a password by its hash, and no other password', async () => {
      const hash = await hasher.hash('correct horse');
      expect(await hasher.verify('correct horse', hash)).to.equal(true);
      for (const wrong of ['correct horsf', 'Correct horse', 'correct horse ', 'correct hors', '']) {
        expect(await hasher.verify(wrong, hash)).to.equal(false);
      }
    });

    it('gives each hash a salt of its own, and nothing of the password', async () => {
      const [first, second] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')]);
      expect(first).not.to.equal(second);
      expect(first).not.to.contain('correct');
    });

    it('lets every byte count, those beyond the 72nd too', async () => {
      const beginning = 'x'.repeat(72);
      const hash = await hasher.hash(`${beginning}a`);
      expect(await hasher.verify(`${beginning}a`, hash)).to.equal(true);
      expect(await hasher.verify(`${beginning}b`, hash)).to.equal(false);
      expect(await hasher.verify(beginning, hash)).to.equal(false);
    });

    it('lets what follows a NUL count', async () => {
      const hash = await hasher.hash('before\0after');
      expect(await hasher.verify('before\0other', hash)).to.equal(false);
    });

    it('takes two spellings of the same characters as one password', async () => {
      const hash = await hasher.hash('caf\u00e9 \ufb01sh \uff11');
      expect(await hasher.verify('cafe\u0301 fish 1', hash)).to.equal(true);
      expect(await hasher.verify('cafe fish 1', hash)).to.equal(false);
    });

    it('answers false where there is no account', async () => {
      expect(await hasher.verify('correct horse', null)).to.equal(false);
    });
  });
}
