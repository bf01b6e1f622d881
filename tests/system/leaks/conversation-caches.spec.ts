import { MemoryConversationCache } from '#src/adapters/memory/conversations/memory-conversation-cache.js';
import type {
  ConversationCache,
  OpenTurn,
  OpenTurnRequest,
} from '#src/application/ports/chat/conversation-cache.js';
import { expectNoLeak } from '#tests/support/assertions/leak-count.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import {
  CHARACTER,
  CLIENT,
  completedTurn,
  keyed,
  rejectionOf,
  TTL_SECONDS,
} from '#tests/support/fixtures/cache-fixture.js';
import { RedisCacheFixture } from '#tests/support/fixtures/redis-cache-fixture.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

/** Turns of callers whose signal is one and the same, as that of a service that lives long. */
function leavesNothingBehind(cache: () => ConversationCache): void {
  const { signal } = new AbortController();
  const ask = (changes: Partial<OpenTurnRequest>) =>
    cache().openTurn(CLIENT, {
      conversationId: 'c',
      characterId: CHARACTER,
      onBusy: 'queue',
      idempotency: null,
      maxConcurrentTurns: null,
      signal,
      ...changes,
    });
  const open = async (changes: Partial<OpenTurnRequest> = {}): Promise<OpenTurn> => {
    const opened = await ask(changes);
    if (opened.kind !== 'open') throw new Error(`it was not opened: ${opened.kind}`);
    return opened;
  };
  const commit = (turn: OpenTurn, id: string) => turn.commit(completedTurn(id), TTL_SECONDS, () => id);

  it('of turns that are kept, and of those that are replayed', async () => {
    await expectNoLeak([signal], async (round) => {
      await commit(await open(keyed(`k${round}`)), `t${round}`);
      await ask(keyed(`k${round}`));
    });
  });

  it('of turns that are given back', () => expectNoLeak([signal], async () => (await open()).release()));

  it('of turns that are refused while another one runs', async () => {
    const held = await open();
    await expectNoLeak([signal], () => rejectionOf(open({ onBusy: 'reject' })));
    await held.release();
  });

  it('of turns that wait: admitted, left by their caller, ended by a deletion', async () => {
    await expectNoLeak([signal], async () => {
      const [held, waiting] = [await open(), open()];
      await held.release();
      await (await waiting).release();
    });
    await expectNoLeak([signal], async () => {
      const held = await open();
      const gone = new AbortController();
      const waiting = rejectionOf(open({ signal: gone.signal }));
      gone.abort(new Error('gone'));
      await waiting;
      await held.release();
    });
    await expectNoLeak([signal], async () => {
      const [held, waiting] = [await open(), rejectionOf(open())];
      await cache().deleteByClient(CLIENT);
      await waiting;
      await held.release();
    });
  });
}

describe('MemoryConversationCache leaves nothing behind', function () {
  this.timeout(20_000);
  let cache: MemoryConversationCache;
  before(() => {
    const bounds = { maxMessages: 6, maxTokens: 1000 };
    cache = new MemoryConversationCache({ clock: new ManualClock(), bounds });
  });
  after(() => cache.close());
  leavesNothingBehind(() => cache);
});

describeWithRedis('RedisConversationCache leaves nothing behind', (redis) => {
  let fixture: RedisCacheFixture;
  before(async () => {
    fixture = await RedisCacheFixture.start(redis(), { bounds: { maxMessages: 6, maxTokens: 1000 } });
  });
  after(() => fixture.stop());
  leavesNothingBehind(() => fixture.cache);
});
