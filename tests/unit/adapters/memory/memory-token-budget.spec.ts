import { expect } from 'chai';
import { MemoryTokenBudget } from '#src/adapters/memory/budgets/memory-token-budget.js';
import { asking, granted, itKeepsBudgets } from '#tests/contracts/token-budget.contract.js';

itKeepsBudgets({
  name: 'memory',
  create: async () => ({ budgets: [new MemoryTokenBudget()], close: async () => {} }),
});

describe('MemoryTokenBudget', () => {
  const DAY = '2026-01-01';
  const NEXT_DAY = '2026-01-02';

  it('asks for the records once, however many wait for them', async () => {
    const ask = asking(new MemoryTokenBudget());
    let asked = 0;
    const recordedUse = async () => {
      asked += 1;
      return 0;
    };
    await Promise.all(Array.from({ length: 10 }, () => ask(1, { recordedUse })));
    expect(asked).to.equal(1);
  });

  it('lets the oldest counter go when there are too many, but none that is held', async () => {
    const budget = new MemoryTokenBudget({ maxCounters: 2 });
    const ask = asking(budget);
    const held = granted(await ask(5, { clientId: 'held' }));
    await granted(await ask(5, { clientId: 'old' })).settle(5);
    await granted(await ask(5, { clientId: 'new' })).settle(5);
    expect(await budget.find('held', DAY)).to.deep.equal({ spent: 0, held: 5 });
    expect(await budget.find('old', DAY)).to.equal(null);
    await held.settle(3);
    expect(await budget.find('held', DAY)).to.deep.equal({ spent: 3, held: 0 });
  });

  it('forgets the counters of another day while it makes new ones', async () => {
    const budget = new MemoryTokenBudget();
    const ask = asking(budget);
    const clients = Array.from({ length: 20 }, (_, i) => `client ${i}`);
    for (const clientId of clients) await granted(await ask(5, { clientId })).settle(5);
    for (const clientId of clients) granted(await ask(5, { clientId, day: NEXT_DAY }));
    const found = await Promise.all(clients.map((clientId) => budget.find(clientId, DAY)));
    expect(found).to.deep.equal(clients.map(() => null));
    expect(await budget.find('client 0', NEXT_DAY)).to.deep.equal({ spent: 0, held: 5 });
  });
});
