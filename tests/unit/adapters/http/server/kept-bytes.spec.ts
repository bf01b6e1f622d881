import { expect } from 'chai';
import { KeptBytes } from '#src/adapters/http/server/kept-bytes.js';

describe('KeptBytes', () => {
  it('gives back what was added, in order', () => {
    const kept = new KeptBytes();
    expect(kept.all).to.equal(null);
    const pieces = Array.from({ length: 1000 }, (_, number) => Buffer.from(`${number},`));
    for (const piece of pieces) kept.add(piece);
    expect(kept.all?.equals(Buffer.concat(pieces))).to.equal(true);
  });

  it('is full from 64 KiB on, and holds no more memory than twice what was added, however small the pieces', () => {
    const kept = new KeptBytes();
    for (let count = 1; count < KeptBytes.MAX; count += 1) kept.add(Buffer.from('x'));
    expect(kept.isFull).to.equal(false);
    kept.add(Buffer.from('x'));
    expect(kept.isFull).to.equal(true);
    expect(kept.all?.buffer.byteLength).to.be.at.most(2 * KeptBytes.MAX);
  });
});
