import { expect } from 'chai';
import { MemoryTurnSlots } from '#src/adapters/memory/memory-turn-slots.js';
import { turnSlotsContract } from '#tests/contracts/turn-slots.contract.js';

turnSlotsContract({
  name: 'memory',
  open: async () => ({
    slots: new MemoryTurnSlots(),
    settled: async () => undefined,
    close: async () => undefined,
  }),
});

describe('MemoryTurnSlots', () => {
  it('gives out its share where several processes share the limit, and at least one', async () => {
    for (const [instances, share] of [
      [3, 33],
      [200, 1],
    ] as const) {
      const slots = new MemoryTurnSlots(instances);
      const taken = await Promise.all(Array.from({ length: 100 }, () => slots.acquire('ada', 100)));
      expect(taken.filter(({ decision }) => decision.allowed)).to.have.length(share);
    }
  });

  it('keeps nothing of clients that have no turn running', async () => {
    const slots = new MemoryTurnSlots();
    for (let count = 0; count < 100; count += 1) (await slots.acquire(`client-${count}`, 1)).release();
    expect(slots.size).to.equal(0);
  });
});
