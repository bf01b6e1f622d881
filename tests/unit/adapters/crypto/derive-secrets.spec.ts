import { hkdfSync } from 'node:crypto';
import { expect } from 'chai';
import { deriveSecrets, secretFingerprint } from '#src/adapters/crypto/derive-secrets.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('secrets that are derived from the master', () => {
  const master = new Uint8Array(32).fill(3);
  const other = new Uint8Array(32).fill(4);

  it('are the same for the same master, in every release', () => {
    const byHand = (info: string): string =>
      Buffer.from(hkdfSync('sha256', master, '', info, 32)).toString('hex');
    const { apiKeys, passwordPepper } = deriveSecrets(master);
    expect(hex(apiKeys)).to.equal(byHand('fastwrap/api-keys/v1'));
    expect(hex(passwordPepper)).to.equal(byHand('fastwrap/password-pepper/v1'));
  });

  it('have nothing in common with each other, with the master, or with those of another master', () => {
    const secrets = [master, other].flatMap((bytes) => [bytes, ...Object.values(deriveSecrets(bytes))]);
    expect(new Set(secrets.map(hex)).size).to.equal(6);
    for (const secret of secrets) expect(secret).to.have.length(32);
  });

  it('have a fingerprint that distinguishes masters and is none of them', () => {
    expect(secretFingerprint(master)).to.match(/^[0-9a-f]{16}$/);
    expect(secretFingerprint(master)).to.equal(secretFingerprint(new Uint8Array(master)));
    expect(secretFingerprint(master)).not.to.equal(secretFingerprint(other));
    const secrets = [master, ...Object.values(deriveSecrets(master))];
    for (const secret of secrets) expect(hex(secret)).not.to.contain(secretFingerprint(master));
  });
});
