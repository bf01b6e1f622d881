import { expect } from 'chai';
import { FairLru, type FairLruOptions } from '#src/adapters/memory/structures/fair-lru.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { SeededRandom } from '#tests/support/fixtures/seeded-random.js';

const TTL_MS = 1000;

/** A value is its own size. */
type Options = Omit<FairLruOptions<number>, 'clock' | 'sizeOf'>;

describe('FairLru', () => {
  const clock = new ManualClock();
  let lru: FairLru<number>;

  const start = (options: Partial<Options> = {}) => {
    lru = new FairLru<number>({
      clock,
      maxEntries: 1000,
      maxBytes: 1000,
      sizeOf: (bytes) => bytes,
      ...options,
    });
  };
  const store = (client: string, names: string, bytes = 1) => {
    for (const name of names) lru.set(client, name, bytes, TTL_MS);
  };
  /** Those that are there; looking uses them. */
  const alive = (client: string, names: string) =>
    [...names].filter((name) => lru.get(client, name) !== undefined).join('');

  it('drops the least recently used value of the client that holds most bytes, whoever needs the room', () => {
    start({ maxBytes: 100 });
    store('big', 'ab', 30);
    store('small', 'ab', 15);
    expect(lru.get('big', 'a')).to.equal(30);
    store('new', 'a', 15);
    expect([alive('big', 'ab'), alive('small', 'ab'), alive('new', 'a')]).to.deep.equal(['a', 'ab', 'a']);
  });

  it('lets a flood push out nothing but itself, when too many bytes come and when too many values do', () => {
    for (const bounds of [{ maxBytes: 20 }, { maxEntries: 20 }]) {
      start(bounds);
      store('quiet', 'abc');
      for (let i = 0; i < 500; i += 1) lru.set('flood', `${i}`, 1, TTL_MS);
      expect(alive('quiet', 'abc')).to.equal('abc');
      expect(lru.size).to.equal(20);
      expect(lru.get('flood', '499')).to.equal(1);
      expect(lru.get('flood', '482')).to.equal(undefined);
    }
  });

  it('counts the newcomer as its client’s when two hold the same', () => {
    for (const [own, other] of [
      ['one', 'two'],
      ['two', 'one'],
    ] as const) {
      start({ maxBytes: 8 });
      store('one', 'abcd');
      store('two', 'abcd');
      store(own, 'e');
      expect([alive(own, 'abcde'), alive(other, 'abcd')]).to.deep.equal(['bcde', 'abcd']);
    }
  });

  it('never drops what it has just been given, however much that is', () => {
    start({ maxBytes: 10 });
    store('one', 'a', 4);
    store('other', 'abc', 2);
    store('one', 'a', 9);
    expect(alive('one', 'a')).to.equal('a');
    expect(lru.size).to.equal(1);
    store('other', 'd', 10);
    expect([alive('one', 'a'), alive('other', 'd')]).to.deep.equal(['', 'd']);
  });

  it('keeps no more of a client than its own bound, its most recently used', () => {
    start({ maxEntriesOfClient: 3 });
    store('one', 'abc');
    store('other', 'abc');
    lru.get('one', 'a');
    store('one', 'd');
    expect([alive('one', 'abcd'), alive('other', 'abc')]).to.deep.equal(['acd', 'abc']);
    store('one', 'd');
    expect(alive('one', 'acd')).to.equal('acd');
  });

  it('shows whether a value fits at all', () => {
    start({ maxBytes: 10 });
    expect([lru.fits(10), lru.fits(11)]).to.deep.equal([true, false]);
  });

  for (const [how, hours] of [
    ['set back', -5],
    ['set forward', 5],
  ] as const) {
    it(`keeps a value for its lifetime, and no longer, when the wall clock is ${how}`, () => {
      start({});
      store('one', 'a', 5);
      clock.setWallBy(hours * 3_600_000);
      clock.advance(TTL_MS);
      expect(alive('one', 'a')).to.equal('a');
      clock.advance(1);
      expect(alive('one', 'a')).to.equal('');
    });
  }

  it('gives back the room of what expired, was replaced or was deleted', () => {
    start({ maxBytes: 10 });
    store('one', 'a', 6);
    clock.advance(TTL_MS + 1);
    expect(alive('one', 'a')).to.equal('');
    expect(lru.size).to.equal(0);
    store('one', 'bb', 5);
    store('one', 'c', 5);
    expect(alive('one', 'bc')).to.equal('bc');
    expect([lru.delete('one', 'c'), lru.delete('one', 'c')]).to.deep.equal([true, false]);
    lru.deleteWhere('one', (bytes) => bytes === 5);
    store('other', 'abc', 3);
    clock.advance(TTL_MS + 1);
    expect(lru.delete('other', 'a')).to.equal(false);
    lru.purgeExpired();
    expect(lru.size).to.equal(0);
    store('one', 'a', 10);
    lru.clear();
    store('other', 'ab', 5);
    store('third', 'a', 5);
    expect([alive('one', 'a'), alive('other', 'ab'), alive('third', 'a')]).to.deep.equal(['', 'b', 'a']);
  });

  it('keeps what a list that is searched for the least recently used one of the heaviest client keeps', () => {
    const bounds = { maxEntries: 12, maxEntriesOfClient: 6, maxBytes: 5_000_000 };
    const random = new SeededRandom(7);
    const clients = [...'ABCDE'];
    start(bounds);
    /** From the least to the most recently used. */
    let list: { client: string; name: string; bytes: number; endsAt: number }[] = [];
    const of = (client: string) => list.filter((entry) => entry.client === client);
    const sum = (entries: { bytes: number }[]) => entries.reduce((total, { bytes }) => total + bytes, 0);
    const without = (gone: object | undefined) => list.filter((entry) => entry !== gone);
    const heaviestWith = (own: string, bytes: number) => {
      const weight = (client: string) =>
        of(client).length === 0 ? 0 : sum(of(client)) + (client === own ? bytes : 0);
      return clients.reduce((max, client) => (weight(client) > weight(max) ? client : max));
    };
    for (let step = 0; step < 5000; step += 1) {
      const client = random.pick(clients) ?? '';
      const name = `${random.between(1, 8)}`;
      const known = of(client).find((entry) => entry.name === name);
      const kind = random.next();
      clock.advance(20);
      list = without(known);
      if (kind < 0.3) {
        const isAlive = known !== undefined && clock.monotonicMs() <= known.endsAt;
        expect(lru.get(client, name)).to.equal(isAlive ? known.bytes : undefined);
        if (isAlive) list.push(known);
      } else if (kind < 0.35) {
        lru.delete(client, name);
      } else {
        // So many sizes that no two clients ever hold the same.
        const bytes = random.between(1, 1_000_000);
        if (of(client).length === bounds.maxEntriesOfClient) list = without(of(client)[0]);
        while (list.length === bounds.maxEntries || sum(list) + bytes > bounds.maxBytes) {
          list = without(of(heaviestWith(client, bytes))[0]);
        }
        lru.set(client, name, bytes, TTL_MS);
        list.push({ client, name, bytes, endsAt: clock.monotonicMs() + TTL_MS });
      }
      for (const each of clients) {
        const expected = of(each).map(({ bytes }) => bytes);
        expect(valuesOf(lru, each), `of ${each} after step ${step}`).to.have.members(expected);
      }
    }
  });
});

/** Without using them. */
function valuesOf(lru: FairLru<number>, client: string): number[] {
  const values: number[] = [];
  lru.deleteWhere(client, (value) => {
    values.push(value);
    return false;
  });
  return values;
}
