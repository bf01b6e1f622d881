import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { PacedWork } from '#src/adapters/sqlite/paced-work.js';

describe('PacedWork', () => {
  const gate = new EventEmitter();
  let nowMs: number;
  let rests: number[];
  let paced: PacedWork;

  beforeEach(() => {
    nowMs = 1000;
    rests = [];
    const rest = async (ms: number) => {
      rests.push(ms);
      await once(gate, 'rested');
    };
    paced = new PacedWork({ nowMs: () => nowMs, rest });
  });

  async function turns(): Promise<void> {
    for (let round = 0; round < 10; round += 1) await new Promise(setImmediate);
  }

  it('rests behind each task for three times as long as that took, and gives its result before', async () => {
    const begun: string[] = [];
    const first = paced.run(async () => {
      nowMs += 12;
      return 'first';
    });
    const second = paced.run(async () => void begun.push('second'));
    expect(await first).to.equal('first');
    await turns();
    expect(rests).to.deep.equal([36]);
    expect(begun, 'during the rest').to.deep.equal([]);
    gate.emit('rested');
    await second;
    await turns();
    expect(rests).to.deep.equal([36, 0]);
  });

  it('runs one at a time in order of arrival, and goes on behind one that fails', async () => {
    const begun: string[] = [];
    const first = paced.run(async () => {
      begun.push('first');
      await once(gate, 'free');
      throw new Error('failed');
    });
    const others = ['second', 'third'].map((name) => paced.run(async () => void begun.push(name)));
    await turns();
    expect(begun).to.deep.equal(['first']);
    gate.emit('free');
    expect(await first.catch(({ message }: Error) => message)).to.equal('failed');
    for (let round = 0; round < 3; round += 1) {
      await turns();
      gate.emit('rested');
    }
    await Promise.all(others);
    expect(begun).to.deep.equal(['first', 'second', 'third']);
  });
});
