import { expect } from 'chai';
import { MemoryDatabase } from '#src/adapters/memory/storage/memory-database.js';
import { MemoryUsageRepository } from '#src/adapters/memory/storage/memory-usage-repository.js';
import { UsageRecords } from '#src/application/background/usage-records.js';
import type { UsageEntry } from '#src/application/ports/storage/usage-repository.js';
import { AppError } from '#src/domain/errors.js';
import { codeOf } from '#tests/contracts/client-repository.contract.js';
import { entryOf } from '#tests/contracts/usage-repository.contract.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';

/** Keeps what it was asked to write, waits for a gate, and can be away. */
class RecordingUsageRepository extends MemoryUsageRepository {
  readonly writes: { entries: readonly UsageEntry[]; oldestDay: string }[] = [];
  isAway = false;
  /** What each write waits for, in order. */
  readonly gates: Promise<void>[] = [];

  override async add(entries: readonly UsageEntry[], oldestDay: string): Promise<void> {
    await this.gates.shift();
    if (this.isAway) throw new AppError('database_unavailable');
    this.writes.push({ entries, oldestDay });
  }
}

describe('UsageRecords', () => {
  let clock: ManualClock;
  let usageRepository: RecordingUsageRepository;
  let records: UsageRecords;

  beforeEach(() => {
    clock = new ManualClock(Date.UTC(2026, 0, 31, 12));
    usageRepository = new RecordingUsageRepository(new MemoryDatabase());
    records = new UsageRecords({ usageRepository, clock });
  });

  const written = () => usageRepository.writes.map(({ entries }) => entries);

  it('writes nothing before a flush, and then what belongs together as one', async () => {
    records.note(entryOf());
    records.note(entryOf({ turns: 0, inputTokens: 1, outputTokens: 0 }));
    records.note(entryOf({ day: '2026-01-30' }));
    expect(written()).to.deep.equal([]);
    await records.flush();
    expect(written()).to.deep.equal([
      [entryOf({ turns: 1, inputTokens: 11, outputTokens: 5 }), entryOf({ day: '2026-01-30' })],
    ]);
  });

  it('writes nothing when nothing was spent, nor twice', async () => {
    await records.flush();
    records.note(entryOf());
    await records.flush();
    await records.flush();
    expect(written()).to.have.length(1);
  });

  it('lets go of what is older than 30 days, today included', async () => {
    records.note(entryOf());
    await records.flush();
    expect(usageRepository.writes[0]?.oldestDay).to.equal('2026-01-02');
  });

  it('keeps what could not be written, adds what comes meanwhile, and writes it the next time', async () => {
    usageRepository.isAway = true;
    records.note(entryOf());
    expect(await codeOf(records.flush())).to.equal('database_unavailable');
    records.note(entryOf());
    usageRepository.isAway = false;
    await records.flush();
    expect(written()).to.deep.equal([[entryOf({ turns: 2, inputTokens: 20, outputTokens: 10 })]]);
  });

  it('has written all that was noted before when a flush ends, also behind one that runs', async () => {
    let open = () => {};
    usageRepository.gates.push(
      new Promise((resolve) => {
        open = resolve;
      }),
    );
    records.note(entryOf());
    void records.flush();
    await Promise.resolve();
    records.note(entryOf({ day: '2026-01-30' }));
    const behind = records.flush();
    expect(records.flush()).to.equal(behind);
    let isOver = false;
    void behind.then(() => {
      isOver = true;
    });
    await new Promise(setImmediate);
    expect(isOver).to.equal(false);
    open();
    await behind;
    expect(written()).to.deep.equal([[entryOf()], [entryOf({ day: '2026-01-30' })]]);
  });

  it('takes no more than 100,000 rows between two writes', async () => {
    for (let i = 0; i < 100_001; i += 1) records.note(entryOf({ characterId: String(i) }));
    records.note(entryOf({ characterId: '0' }));
    await records.flush();
    expect(written()[0]).to.have.length(100_000);
    expect(written()[0]?.[0]?.turns).to.equal(2);
  });
});
