import { expect } from 'chai';
import { FairTurns, type TurnTaker } from '#src/adapters/http/server/fair-turns.js';

describe('FairTurns', () => {
  let turns: FairTurns;
  let taken: string[];

  function taker(name: string, then?: (self: TurnTaker) => void): TurnTaker {
    const self: TurnTaker = {
      takeTurn: () => {
        taken.push(name);
        then?.(self);
      },
    };
    return self;
  }

  async function round(): Promise<void> {
    await new Promise(setImmediate);
  }

  beforeEach(() => {
    turns = new FairTurns();
    taken = [];
  });

  it('gives one turn in each round of the event loop, in order of arrival', async () => {
    for (const name of ['first', 'second', 'third']) turns.request(taker(name));
    for (const count of [1, 2, 3]) {
      await round();
      expect(taken).to.have.length(count);
    }
    expect(taken).to.deep.equal(['first', 'second', 'third']);
  });

  it('goes round: who asks again stands behind those who wait', async () => {
    const again = (self: TurnTaker) => {
      if (taken.length < 4) turns.request(self);
    };
    for (const name of ['greedy', 'modest', 'other']) turns.request(taker(name, again));
    for (let count = 0; count < 6; count += 1) await round();
    expect(taken.slice(0, 6)).to.deep.equal(['greedy', 'modest', 'other', 'greedy', 'modest', 'other']);
  });

  it('keeps the place of one that asks again while it waits, and drops one that withdraws', async () => {
    const [first, second, third] = ['first', 'second', 'third'].map((name) => taker(name));
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('three were made');
    for (const one of [first, second, third, first]) turns.request(one);
    turns.withdraw(second);
    for (let count = 0; count < 4; count += 1) await round();
    expect(taken).to.deep.equal(['first', 'third']);
  });
});
