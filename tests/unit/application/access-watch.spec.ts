import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { AccessWatch } from '#src/application/background/access-watch.js';
import type { ApiKeyVerifier } from '#src/domain/access/api-key.js';
import { AppError } from '#src/domain/errors.js';
import { outcomeOf } from '#tests/support/fixtures/use-case-fixture.js';

/** A database that takes its time over the keys of what runs. */
class SlowClients {
  asked = 0;
  readonly #events = new EventEmitter();

  async findKeyVerifiers(): Promise<ApiKeyVerifier[]> {
    this.asked += 1;
    const [failure]: (AppError | null)[] = await once(this.#events, 'answer');
    if (failure instanceof AppError) throw failure;
    return [];
  }

  answer(failure: AppError | null = null): void {
    this.#events.emit('answer', failure);
  }
}

describe('AccessWatch', () => {
  let clients: SlowClients;
  let aborted: string[];
  let watch: AccessWatch;

  beforeEach(() => {
    clients = new SlowClients();
    aborted = [];
    watch = new AccessWatch({
      clients,
      runningRequests: { keyIds: () => ['k1', 'k2'], abortByKey: (keyId) => aborted.push(keyId) },
    });
  });

  it('asks a slow database once at a time, and again when it has answered', async () => {
    const checks = [watch.check(), watch.check(), watch.check()];
    expect(clients.asked).to.equal(1);
    clients.answer();
    await Promise.all(checks);
    expect(aborted).to.deep.equal(['k1', 'k2']);
    const next = watch.check();
    expect(clients.asked).to.equal(2);
    clients.answer();
    await next;
  });

  it('asks again after a failure, which it passes on once, and ends nothing for it', async () => {
    const checks = [outcomeOf(watch.check()), outcomeOf(watch.check())];
    clients.answer(new AppError('database_unavailable'));
    expect(await Promise.all(checks)).to.deep.equal(['database_unavailable', 'done']);
    expect(aborted).to.deep.equal([]);
    const next = watch.check();
    expect(clients.asked).to.equal(2);
    clients.answer();
    await next;
  });
});
