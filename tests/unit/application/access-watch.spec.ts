import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { AccessWatch } from '#src/application/background/access-watch.js';
import type { ApiKeyVerifier } from '#src/domain/access/api-key.js';
import { AppError } from '#src/domain/errors.js';
import { outcomeOf } from '#tests/support/fixtures/use-case-fixture.js';

/** A database that takes its time over the keys of what runs. */
class SlowClients {
  readonly #events = new EventEmitter();

  async findKeyVerifiers(): Promise<ApiKeyVerifier[]> {
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

  it('ends what a key runs that is gone', async () => {
    const check = watch.check();
    clients.answer();
    await check;
    expect(aborted).to.deep.equal(['k1', 'k2']);
  });

  it('passes a failure on, and ends nothing for it', async () => {
    const check = outcomeOf(watch.check());
    clients.answer(new AppError('database_unavailable'));
    expect(await check).to.equal('database_unavailable');
    expect(aborted).to.deep.equal([]);
  });
});
