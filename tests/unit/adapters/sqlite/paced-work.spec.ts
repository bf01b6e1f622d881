import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { PacedWork, type WorkMeter } from '#src/adapters/sqlite/paced-work.js';

const HEAVY_MS = 40;
const LIGHT_MS = 1;

describe('PacedWork', () => {
  let gate: EventEmitter;
  let nowMs: number;
  let rests: number[];
  let paced: PacedWork;

  beforeEach(() => {
    gate = new EventEmitter();
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

  async function goOn(): Promise<void> {
    gate.emit('rested');
    await turns();
  }

  const taking = (ms: number) => async (meter: WorkMeter) =>
    meter.measure(() => {
      nowMs += ms;
    });

  it('rests behind each task for three times as long as its work took, and gives its result before', async () => {
    const begun: string[] = [];
    const first = paced.run('ada', async (meter) => {
      await taking(12)(meter);
      return 'first';
    });
    const second = paced.run('bob', async () => void begun.push('second'));
    expect(await first).to.equal('first');
    await turns();
    expect(rests).to.deep.equal([36]);
    expect(begun, 'during the rest').to.deep.equal([]);
    await goOn();
    await second;
    expect(rests, 'behind one without work').to.deep.equal([36]);
  });

  it('counts no time between the parts of a task, in which others were served', async () => {
    await paced.run('ada', async (meter) => {
      await taking(2)(meter);
      nowMs += 5000;
      await taking(3)(meter);
    });
    await turns();
    expect(rests).to.deep.equal([15]);
  });

  it('counts a part that another thread does, also one that fails', async () => {
    const failed = paced.run('ada', (meter) =>
      meter.measure(async () => {
        await turns();
        nowMs += 10;
        throw new Error('failed');
      }),
    );
    expect(await failed.catch(({ message }: Error) => message)).to.equal('failed');
    await turns();
    expect(rests).to.deep.equal([30]);
  });

  it('rests for 250 ms at most, however long a task took', async () => {
    await paced.run('ada', taking(5000));
    await turns();
    expect(rests).to.deep.equal([250]);
  });

  it('runs one at a time, those of equal cost in order of arrival, and goes on behind one that fails', async () => {
    const begun: string[] = [];
    const first = paced.run('first', async () => {
      begun.push('first');
      await once(gate, 'free');
      throw new Error('failed');
    });
    const others = ['second', 'third'].map((name) => paced.run(name, async () => void begun.push(name)));
    await turns();
    expect(begun).to.deep.equal(['first']);
    gate.emit('free');
    expect(await first.catch(({ message }: Error) => message)).to.equal('failed');
    await Promise.all(others);
    expect(begun).to.deep.equal(['first', 'second', 'third']);
  });

  describe('with thirty heavy parties that ask again and again', () => {
    const heavy = Array.from({ length: 30 }, (_, index) => `heavy ${index}`);
    let done: string[];

    function ask(party: string, ms: number): void {
      void paced.run(party, taking(ms)).then(() => {
        done.push(party);
        if (ms === HEAVY_MS) ask(party, ms);
      });
    }

    beforeEach(async () => {
      done = [];
      ask('light', LIGHT_MS);
      await turns();
      for (const party of heavy) ask(party, HEAVY_MS);
      for (let count = 0; count < 45; count += 1) await goOn();
      done = [];
    });

    for (const party of ['light', 'one that has never asked']) {
      it(`lets ${party} wait for the task that runs, and for none that waits`, async () => {
        for (let count = 0; count < 5; count += 1) {
          done = [];
          ask(party, LIGHT_MS);
          await goOn();
          await goOn();
          expect(done).to.include(party);
          for (let between = 0; between < 7; between += 1) await goOn();
        }
      });
    }

    it('lets each of them have one in turn', async () => {
      for (let count = 0; count < 2 * heavy.length; count += 1) await goOn();
      const counts = heavy.map((party) => done.filter((each) => each === party).length);
      expect(new Set(counts)).to.deep.equal(new Set([2]));
    });

    it('puts a known light one before heavy ones that nobody knows yet', async () => {
      for (const party of heavy) ask(`new ${party}`, HEAVY_MS);
      ask('light', LIGHT_MS);
      await goOn();
      await goOn();
      expect(done).to.include('light');
    });
  });
});
