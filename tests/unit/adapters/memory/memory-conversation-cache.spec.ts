import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import sinon from 'sinon';
import {
  MemoryConversationCache,
  type MemoryConversationCacheOptions,
} from '#src/adapters/memory/conversations/memory-conversation-cache.js';
import {
  type OpenTurn,
  type OpenTurnRequest,
  REPLAY_TTL_SECONDS,
} from '#src/application/ports/chat/conversation-cache.js';
import { conversationCacheContract } from '#tests/contracts/conversation-cache.contract.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import {
  completedTurn,
  expectAppError,
  keyed,
  notAsked,
  rejectionOf,
} from '#tests/support/fixtures/cache-fixture.js';

const BOUNDS = { maxMessages: 40, maxTokens: 8000 };

conversationCacheContract({
  name: 'memory',
  create: async (options) => {
    const clock = new ManualClock();
    const cache = new MemoryConversationCache({ clock, bounds: BOUNDS, ...options });
    return {
      cache,
      now: () => clock.now(),
      advance: async (ms) => clock.advance(ms),
      ageReplays: async (ms) => clock.advance(ms),
      close: async () => cache.close(),
    };
  },
});

describe('MemoryConversationCache', () => {
  const clock = new ManualClock();
  let cache: MemoryConversationCache;
  let timers: sinon.SinonFakeTimers;

  const start = (options: Omit<MemoryConversationCacheOptions, 'clock' | 'bounds'> = {}): void => {
    cache = new MemoryConversationCache({ clock, bounds: BOUNDS, ...options });
  };
  const open = async (
    conversationId: string,
    changes: Partial<OpenTurnRequest> = {},
    client = 'client',
  ): Promise<OpenTurn> => {
    const opened = await cache.openTurn(client, {
      conversationId,
      characterId: 'character',
      onBusy: 'queue',
      idempotency: null,
      maxConcurrentTurns: null,
      signal: new AbortController().signal,
      ...changes,
    });
    return opened.kind === 'open' ? opened : expect.fail('it should not have been replayed');
  };
  const add = async (conversationId: string, userMessage = 'hello', ttlSeconds = 60) =>
    (await open(conversationId)).commit(completedTurn('t', { userMessage }), ttlSeconds, notAsked);
  const alive = async (...ids: string[]): Promise<string[]> => {
    const found = await Promise.all(ids.map((id) => cache.find('client', id)));
    return ids.filter((_, index) => found[index] !== null);
  };

  beforeEach(() => {
    timers = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    cache.close();
    timers.restore();
  });

  it('evicts the least recently used conversation beyond the count', async () => {
    start({ maxConversations: 3 });
    for (const id of ['a', 'b', 'c']) await add(id);
    await cache.find('client', 'a');
    await add('d');
    expect(cache.size).to.equal(3);
    expect(await alive('a', 'b', 'c', 'd')).to.deep.equal(['a', 'c', 'd']);
  });

  it('evicts the least recently used conversations beyond the bytes', async () => {
    start({ maxBytes: 100_000 });
    await add('a', 'x'.repeat(20_000));
    await add('b', 'x'.repeat(20_000));
    expect(await alive('a', 'b')).to.deep.equal(['a', 'b']);
    await add('c', 'x'.repeat(10_000));
    expect(await alive('a', 'b', 'c')).to.deep.equal(['b', 'c']);
  });

  it('counts a greeting among the bytes', async () => {
    start({ maxBytes: 100_000 });
    const greeting = { text: 'x'.repeat(20_000), at: '2026-01-01T00:00:00.000Z' };
    for (const id of ['a', 'b', 'c'])
      await (await open(id)).commit(completedTurn('t'), 60, notAsked, greeting);
    expect(await alive('a', 'b', 'c')).to.deep.equal(['b', 'c']);
    const tooLarge = { ...greeting, text: 'x'.repeat(60_000) };
    const denial = await rejectionOf((await open('d')).commit(completedTurn('t'), 60, notAsked, tooLarge));
    expectAppError(denial, 'cache_unavailable');
  });

  it('lets a client with many conversations push out its own, and nobody else’s', async () => {
    for (const bounds of [{ maxConversations: 20 }, { maxBytes: 80_000 }]) {
      start(bounds);
      for (const id of ['a', 'b']) await add(id);
      for (let i = 0; i < 100; i += 1) {
        await (await open(`${i}`, {}, 'flood')).commit(completedTurn('t'), 60, notAsked);
      }
      expect(await alive('a', 'b')).to.deep.equal(['a', 'b']);
      expect(await cache.find('flood', '99')).to.not.equal(null);
      expect(await cache.find('flood', '0')).to.equal(null);
      cache.close();
    }
  });

  it('refuses what alone is larger than its memory, keeps what was there, and gives the right back', async () => {
    start({ maxBytes: 10_000 });
    const before = await add('a');
    const opened = await open('a');
    const tooLarge = completedTurn('t2', { userMessage: 'x'.repeat(10_000) });
    const denial = await rejectionOf(opened.commit(tooLarge, 60, notAsked));
    expectAppError(denial, 'cache_unavailable');
    expect(denial).to.have.property('retryAfterSeconds', null);
    expect(await cache.find('client', 'a')).to.deep.equal(before);
    await (await open('a', { onBusy: 'reject' })).release();
    expect(await rejectionOf(opened.commit(completedTurn('t3'), 60, notAsked))).to.be.instanceOf(Error);
  });

  it('continues an evicted conversation whose turn was open', async () => {
    start({ maxConversations: 1 });
    await add('a');
    const opened = await open('a');
    await add('b');
    expect((await opened.commit(completedTurn('t2'), 60, notAsked)).turns).to.equal(2);
  });

  it('expires on the clock to the millisecond', async () => {
    start();
    await add('a', 'hello', 10);
    clock.advance(10_000);
    expect(await alive('a')).to.deep.equal(['a']);
    clock.advance(1);
    expect(await alive('a')).to.deep.equal([]);
  });

  it('purges what has expired every minute, and what has not stays', async () => {
    start();
    await add('a', 'hello', 10);
    await add('b', 'hello', 3600);
    clock.advance(11_000);
    timers.tick(59_999);
    expect(cache.size).to.equal(2);
    timers.tick(1);
    expect(cache.size).to.equal(1);
    expect(await alive('a', 'b')).to.deep.equal(['b']);
  });

  it('does not keep a conversation longer for a turn that is in it already', async () => {
    start();
    await add('a', 'hello', 10);
    clock.advance(9_000);
    await add('a', 'hello', 10);
    clock.advance(1_001);
    expect(await alive('a')).to.deep.equal([]);
  });

  it('forgets an evicted or expired conversation in its index too', async () => {
    start({ maxConversations: 2 });
    await add('a');
    await add('b', 'hello', 10);
    await add('c');
    clock.advance(11_000);
    await cache.find('client', 'b');
    expect(cache.size).to.equal(1);
    await add('a');
    await cache.deleteByCharacter('client', 'character');
    expect(cache.size).to.equal(0);
  });

  it('waits 30 s, with at most eight others, when nothing else is said', async () => {
    start();
    await open('a');
    const waiting = Array.from({ length: 8 }, () => open('a'));
    expectAppError(await rejectionOf(open('a')), 'conversation_busy');
    let settled = 0;
    const outcomes = waiting.map((turn) => rejectionOf(turn).finally(() => (settled += 1)));
    await timers.tickAsync(29_999);
    expect(settled).to.equal(0);
    await timers.tickAsync(1);
    for (const denial of await Promise.all(outcomes)) expectAppError(denial, 'conversation_busy');
  });

  it('leaves no timer and no listener behind, however the wait ended', async () => {
    start();
    const idle = timers.countTimers();
    const callers = Array.from({ length: 4 }, () => new AbortController());
    const [admitted, late, gone, deleted] = callers.map(({ signal }, index) => ({
      signal,
      turn:
        index === 1
          ? () => rejectionOf(open('b', { signal }))
          : () => open('a', { signal }).catch((error: unknown) => error),
    }));
    const holders = [await open('a'), await open('b')];
    const queue = [admitted, late, gone, deleted].map((caller) => caller?.turn());
    expect(timers.countTimers()).to.equal(idle + 4);
    callers[2]?.abort();
    expect(await queue[2]).to.equal(callers[2]?.signal.reason);
    await holders[0]?.release();
    await queue[0];
    await cache.delete('client', 'a');
    expectAppError(await queue[3], 'conversation_not_found');
    expect(timers.countTimers()).to.equal(idle + 1);
    await timers.tickAsync(30_000);
    expectAppError(await queue[1], 'conversation_busy');
    expect(timers.countTimers()).to.equal(idle);
    expect(callers.map(({ signal }) => getEventListeners(signal, 'abort').length)).to.deep.equal([
      0, 0, 0, 0,
    ]);
  });

  it('gives a client its share of the turns at the same time where several processes share it, and at least one', async () => {
    for (const [instances, share] of [
      [3, 33],
      [200, 1],
    ] as const) {
      start({ instances });
      const request = (index: number): OpenTurnRequest => ({
        conversationId: `c${index}`,
        characterId: 'character',
        onBusy: 'queue',
        idempotency: null,
        maxConcurrentTurns: 100,
        signal: new AbortController().signal,
      });
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) => cache.openTurn('client', request(index))),
      );
      expect(answers.filter(({ kind }) => kind === 'open')).to.have.length(share);
      expect(answers.at(-1)).to.deep.equal({ kind: 'concurrency_limited', limit: share });
    }
  });

  describe('with answers for repeated requests', () => {
    const answer = async (key: string, text: string, client?: string): Promise<void> => {
      const opened = await open(`conversation of ${key}`, keyed(key), client);
      await opened.commit(completedTurn('t'), 60, () => text);
    };
    /** Those among the keys whose request would not be run again. */
    const known = async (...keys: string[]): Promise<string[]> => {
      const opened = await Promise.all(
        keys.map((key) =>
          cache.openTurn('client', {
            conversationId: `again with ${key}`,
            characterId: 'character',
            onBusy: 'reject',
            maxConcurrentTurns: null,
            signal: new AbortController().signal,
            ...keyed(key),
          }),
        ),
      );
      for (const turn of opened) if (turn.kind === 'open') await turn.release();
      return keys.filter((_, index) => opened[index]?.kind === 'replay');
    };

    it('evicts the least recently used beyond the count, and none whose turn is running', async () => {
      start({ maxReplays: 3 });
      const running = await open('running', keyed('running'));
      for (const key of ['a', 'b', 'c']) await answer(key, 'text');
      expect(await known('a')).to.deep.equal(['a']);
      await answer('d', 'text');
      expect(cache.replays).to.equal(3);
      expect(await known('a', 'b', 'c', 'd')).to.deep.equal(['a', 'c', 'd']);
      expectAppError(await rejectionOf(open('other', keyed('running'))), 'request_in_progress');
      await running.release();
    });

    it('evicts the least recently used beyond the bytes', async () => {
      start({ maxReplayBytes: 100_000 });
      await answer('a', 'x'.repeat(20_000));
      await answer('b', 'x'.repeat(20_000));
      expect(await known('a', 'b')).to.deep.equal(['a', 'b']);
      await answer('c', 'x'.repeat(10_000));
      expect(await known('a', 'b', 'c')).to.deep.equal(['b', 'c']);
    });

    it('keeps so many answers of a client and no more, the most recently used', async () => {
      start({ maxReplaysOfClient: 2 });
      await answer('a', 'text', 'other');
      for (const key of ['a', 'b', 'c']) await answer(key, 'text');
      expect(cache.replays).to.equal(3);
      expect(await known('a', 'b', 'c')).to.deep.equal(['b', 'c']);
    });

    it('keeps 10,000 answers of a client when nothing else is said, as on Redis', async () => {
      start();
      for (let i = 0; i < 10_001; i += 1) await answer(`${i}`, 'text');
      expect(cache.replays).to.equal(10_000);
    });

    it('lets a client that sends very many keys push out its own answers, and nobody else’s', async () => {
      for (const bounds of [{ maxReplays: 20 }, { maxReplayBytes: 31_000 }, { maxReplaysOfClient: 18 }]) {
        start(bounds);
        for (const key of ['a', 'b']) await answer(key, 'text');
        for (let i = 0; i < 100; i += 1) await answer(`${i}`, 'text', 'flood');
        expect(await known('a', 'b')).to.deep.equal(['a', 'b']);
        expect(cache.replays).to.equal(20);
        cache.close();
      }
    });

    it('refuses the turn whose answer alone is larger than its memory, and keeps nothing of it', async () => {
      start({ maxReplayBytes: 10_000 });
      const opened = await open('a', keyed('k'));
      const denial = await rejectionOf(opened.commit(completedTurn('t'), 60, () => 'x'.repeat(10_000)));
      expectAppError(denial, 'cache_unavailable');
      expect(denial).to.have.property('retryAfterSeconds', null);
      expect(await alive('a')).to.deep.equal([]);
      expect(await known('k')).to.deep.equal([]);
      await (await open('a', { onBusy: 'reject' })).release();
    });

    it('keeps no answer of a conversation that is too large', async () => {
      start({ maxBytes: 10_000 });
      const opened = await open('a', keyed('k'));
      const tooLarge = completedTurn('t', { userMessage: 'x'.repeat(10_000) });
      await rejectionOf(opened.commit(tooLarge, 60, () => 'text'));
      expect(await known('k')).to.deep.equal([]);
    });

    it('purges what has expired every minute', async () => {
      start();
      await answer('a', 'text');
      clock.advance(REPLAY_TTL_SECONDS * 1000);
      await answer('b', 'text');
      clock.advance(1);
      timers.tick(59_999);
      expect(cache.replays).to.equal(2);
      timers.tick(1);
      expect(cache.replays).to.equal(1);
      expect(await known('a', 'b')).to.deep.equal(['b']);
    });

    it('takes what has expired along with a deletion, before its purge', async () => {
      start();
      await answer('a', 'text');
      clock.advance(REPLAY_TTL_SECONDS * 1000 + 1);
      await cache.deleteByClient('client');
      expect(cache.replays).to.equal(0);
    });
  });

  it('gives back the timer of its purge when it is closed', () => {
    const before = timers.countTimers();
    start();
    expect(timers.countTimers()).to.equal(before + 1);
    cache.close();
    expect(timers.countTimers()).to.equal(before);
  });
});
