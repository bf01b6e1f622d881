import { expect } from 'chai';
import { ProcessBlocks } from '#src/application/limits/process-blocks.js';
import type { RateLimit } from '#src/application/limits/rate-limit.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';

const LIMIT: RateLimit = { scope: 'ip', limit: 10, windowSeconds: 60 };
const BLOCK = { limit: 10, resetMs: 60_000 };
const MAX_BLOCKS = 10_000;

describe('ProcessBlocks', () => {
  let clock: ManualClock;
  let blocks: ProcessBlocks;

  beforeEach(() => {
    clock = new ManualClock();
    blocks = new ProcessBlocks(clock);
  });

  it('hold no more than 10,000: the one that was asked for longest ago gives way', () => {
    for (let key = 0; key < MAX_BLOCKS; key += 1) blocks.begin(LIMIT, String(key), BLOCK);
    expect(blocks.find(LIMIT, '0')).to.deep.equal(BLOCK);
    blocks.begin(LIMIT, 'one more', BLOCK);
    blocks.begin(LIMIT, 'one more', BLOCK);
    expect(blocks.find(LIMIT, '1')).to.equal(null);
    for (const key of ['0', '2', '9999', 'one more']) expect(blocks.find(LIMIT, key)).to.deep.equal(BLOCK);
  });

  it('end when their time is over, and say until when everything counts anew', () => {
    blocks.begin(LIMIT, 'a', BLOCK, 100);
    clock.advance(99);
    expect(blocks.find(LIMIT, 'a')).to.deep.equal({ limit: 10, resetMs: 59_901 });
    clock.advance(1);
    expect(blocks.find(LIMIT, 'a')).to.equal(null);
  });

  it('hold for the key and for the limit that they began with', () => {
    blocks.begin(LIMIT, 'a', BLOCK);
    expect(blocks.find(LIMIT, 'b')).to.equal(null);
    expect(blocks.find({ ...LIMIT, scope: 'requests' }, 'a')).to.equal(null);
    expect(blocks.find({ ...LIMIT, limit: 20 }, 'a')).to.equal(null);
  });
});
