import { expect } from 'chai';
import type { PasswordHasher } from '#src/application/ports/access/password-hasher.js';

export interface PasswordHasherHarness {
  readonly name: string;
  create(): PasswordHasher;
}

export const PARTY = { account: 'ada@example.com', address: '192.0.2.1' };

/** Everything that a {@link PasswordHasher} promises, whatever it costs. */
export function passwordHasherContract(harness: PasswordHasherHarness): void {
  describe(`PasswordHasher: ${harness.name}`, () => {
    let hasher: PasswordHasher;

    beforeEach(() => {
      hasher = harness.create();
    });

    it('knows a password by its hash, and no other password', async () => {
      const hash = await hasher.hash('correct horse', PARTY);
      expect(await hasher.verify('correct horse', hash, PARTY)).to.equal(true);
      for (const wrong of ['correct horsf', 'Correct horse', 'correct horse ', 'correct hors', '']) {
        expect(await hasher.verify(wrong, hash, PARTY)).to.equal(false);
      }
    });

    it('gives each hash a salt of its own, and nothing of the password', async () => {
      const [first, second] = await Promise.all([
        hasher.hash('correct horse', PARTY),
        hasher.hash('correct horse', PARTY),
      ]);
      expect(first).not.to.equal(second);
      expect(first).not.to.contain('correct');
    });

    it('lets every byte count, those beyond the 72nd too', async () => {
      const beginning = 'x'.repeat(72);
      const hash = await hasher.hash(`${beginning}a`, PARTY);
      expect(await hasher.verify(`${beginning}a`, hash, PARTY)).to.equal(true);
      expect(await hasher.verify(`${beginning}b`, hash, PARTY)).to.equal(false);
      expect(await hasher.verify(beginning, hash, PARTY)).to.equal(false);
    });

    it('lets what follows a NUL count', async () => {
      const hash = await hasher.hash('before\0after', PARTY);
      expect(await hasher.verify('before\0other', hash, PARTY)).to.equal(false);
    });

    it('takes two spellings of the same characters as one password', async () => {
      const hash = await hasher.hash('caf\u00e9 \ufb01sh \uff11', PARTY);
      expect(await hasher.verify('cafe\u0301 fish 1', hash, PARTY)).to.equal(true);
      expect(await hasher.verify('cafe fish 1', hash, PARTY)).to.equal(false);
    });

    it('answers false where there is no account', async () => {
      expect(await hasher.verify('correct horse', null, PARTY)).to.equal(false);
    });
  });
}
