import { expect } from 'chai';
import { MemoryClientRepository } from '#src/adapters/memory/storage/memory-client-repository.js';
import { MemoryDatabase } from '#src/adapters/memory/storage/memory-database.js';
import { ApiKeyUses } from '#src/application/background/api-key-uses.js';
import type { ApiKeyUse } from '#src/application/ports/storage/client-repository.js';
import type { ApiKeyVerifier } from '#src/domain/access/api-key.js';
import { STANDARD_TERMS } from '#src/domain/clients/client-terms.js';
import { AppError } from '#src/domain/errors.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';

const MINUTE_MS = 60_000;

/** Keeps what it was asked to write, and can be away. */
class RecordingClientRepository extends MemoryClientRepository {
  readonly writes: (readonly ApiKeyUse[])[] = [];
  isAway = false;

  override async recordKeyUses(uses: readonly ApiKeyUse[]): Promise<void> {
    if (this.isAway) throw new AppError('database_unavailable');
    this.writes.push(uses);
  }
}

describe('ApiKeyUses', () => {
  let clock: ManualClock;
  let clients: RecordingClientRepository;
  let uses: ApiKeyUses;

  beforeEach(() => {
    clock = new ManualClock();
    clients = new RecordingClientRepository(new MemoryDatabase());
    uses = new ApiKeyUses({ clients, clock });
  });

  const time = (offsetMs = 0) => new Date(clock.now() + offsetMs).toISOString();
  const key = (keyId: string, lastUsedAt: string | null = null): ApiKeyVerifier => ({
    keyId,
    clientId: `client-of-${keyId}`,
    digest: new Uint8Array(32),
    lastUsedAt,
    revokedAt: null,
    suspendedAt: null,
    ...STANDARD_TERMS,
  });
  const use = (keyId: string, usedAt: string): ApiKeyUse => ({
    clientId: `client-of-${keyId}`,
    keyId,
    usedAt,
  });

  it('writes nothing before a flush, and then all at once', async () => {
    uses.note(key('a'));
    uses.note(key('b'));
    expect(clients.writes).to.deep.equal([]);
    await uses.flush();
    expect(clients.writes).to.deep.equal([[use('a', time()), use('b', time())]]);
  });

  it('writes nothing when nothing was used, nor twice', async () => {
    await uses.flush();
    uses.note(key('a'));
    await uses.flush();
    await uses.flush();
    expect(clients.writes).to.have.length(1);
  });

  it('takes a time further ahead than a minute for one of a wrong clock, and notes the use', async () => {
    uses.note(key('a', time(MINUTE_MS - 1)));
    uses.note(key('b', time(40 * 24 * 60 * MINUTE_MS)));
    await uses.flush();
    expect(clients.writes).to.deep.equal([[use('b', time())]]);
  });

  it('is accurate to a minute: what was written less than that ago stays', async () => {
    uses.note(key('a', time(-MINUTE_MS + 1)));
    await uses.flush();
    expect(clients.writes).to.deep.equal([]);
    uses.note(key('a', time(-MINUTE_MS)));
    await uses.flush();
    expect(clients.writes).to.deep.equal([[use('a', time())]]);
  });

  it('costs a key in constant use one write a minute', async () => {
    let lastUsedAt: string | null = null;
    for (let second = 0; second < 600; second += 1) {
      uses.note(key('a', lastUsedAt));
      if (second % 10 === 9) {
        await uses.flush();
        lastUsedAt = clients.writes.at(-1)?.at(-1)?.usedAt ?? null;
      }
      clock.advance(1000);
    }
    expect(clients.writes).to.have.length(10);
  });

  it('takes no more than 10,000 keys between two writes', async () => {
    for (let i = 0; i < 10_500; i += 1) uses.note(key(`k${i}`));
    await uses.flush();
    expect(clients.writes[0]).to.have.length(10_000);
    uses.note(key('k10400'));
    await uses.flush();
    expect(clients.writes[1]).to.deep.equal([use('k10400', time())]);
  });

  it('gives up what could not be written, and notes the next use again', async () => {
    clients.isAway = true;
    uses.note(key('a'));
    const error: unknown = await uses.flush().catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'database_unavailable' });
    clients.isAway = false;
    await uses.flush();
    expect(clients.writes).to.deep.equal([]);
    uses.note(key('a'));
    await uses.flush();
    expect(clients.writes).to.deep.equal([[use('a', time())]]);
  });
});
