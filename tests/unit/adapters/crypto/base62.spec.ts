import { expect } from 'chai';
import { base62 } from '#src/adapters/crypto/base62.js';

describe('base62', () => {
  it('writes the most significant digit first and pads with zeros', () => {
    expect(base62(0n, 3)).to.equal('000');
    expect(base62(61n, 3)).to.equal('00z');
    expect(base62(62n, 3)).to.equal('010');
    expect(base62(62n * 62n * 10n + 36n, 3)).to.equal('A0a');
  });

  it('has room for 256 bits in 43 digits, and not in 42', () => {
    expect(62n ** 43n > 2n ** 256n && 62n ** 42n < 2n ** 256n).to.equal(true);
    expect(base62(2n ** 256n - 1n, 43)).not.to.equal(base62(2n ** 255n - 1n, 43));
    expect(base62(2n ** 256n - 1n, 43)).to.have.length(43);
  });
});
