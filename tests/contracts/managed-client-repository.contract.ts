import { expect } from 'chai';
import type {
  ManagedClientChanges,
  ManagedClientRepository,
} from '#src/application/ports/storage/managed-client-repository.js';
import type { ManagedClient } from '#src/domain/clients/managed-client.js';
import {
  by,
  codeOf,
  credentialsOf,
  idOf,
  keyOf,
  type Storage,
  type StorageHarness,
} from './client-repository.contract.js';

const SUSPENDED_AT = '2026-02-01T00:00:00.000Z';
const LATER = '2026-02-02T00:00:00.000Z';
const NO_LIMITS = { chatPerMinute: null, requestsPerMinute: null, concurrentTurns: null };

function freshOf(number: number): ManagedClient {
  return {
    ...credentialsOf(number).client,
    suspendedAt: null,
    limits: NO_LIMITS,
    budgetTokensPerDay: null,
  };
}

export function itManagesClients(harness: StorageHarness): void {
  describe(`ManagedClientRepository: ${harness.name}`, () => {
    let storage: Storage;
    let managed: ManagedClientRepository;

    beforeEach(async () => {
      storage = await harness.create();
      managed = storage.managed;
      await storage.clients.create(credentialsOf(1), keyOf(11));
      await storage.clients.create(credentialsOf(2), keyOf(12));
    });

    afterEach(async () => {
      await storage.close();
    });

    it('finds a client as it was made, and null where there is none', async () => {
      expect(await managed.find(idOf(1))).to.deep.equal(freshOf(1));
      expect(await managed.find(idOf(3))).to.equal(null);
      expect(await managed.update(idOf(3), { suspendedAt: LATER })).to.equal(null);
      expect(await managed.find(idOf(3))).to.equal(null);
    });

    it('finds a client by its address in any spelling, and by no address that it had before', async () => {
      await managed.update(idOf(1), { suspendedAt: SUSPENDED_AT, budgetTokensPerDay: 4 });
      const expected = { ...freshOf(1), suspendedAt: SUSPENDED_AT, budgetTokensPerDay: 4 };
      for (const spelling of ['owner1@example.com', 'OWNER1@Example.COM', 'ｏｗｎｅｒ１@example.com']) {
        expect(await managed.findByEmail(spelling), spelling).to.deep.equal(expected);
      }
      for (const other of [
        'owner3@example.com',
        'owner1@example.co',
        'owner_@example.com',
        '%',
        '',
        idOf(1),
      ]) {
        expect(await managed.findByEmail(other), other).to.equal(null);
      }
      await storage.clients.update(idOf(1), { email: 'new@example.com' }, null);
      expect(await managed.findByEmail('owner1@example.com')).to.equal(null);
      expect((await managed.findByEmail('NEW@example.com'))?.id).to.equal(idOf(1));
      await storage.clients.delete(idOf(1));
      expect(await managed.findByEmail('new@example.com')).to.equal(null);
    });

    it('changes the named fields alone, of the named client alone, and answers the client afterwards', async () => {
      const steps: [ManagedClientChanges, Partial<ManagedClient>][] = [
        [{}, {}],
        [{ limits: { chatPerMinute: 5 } }, { limits: { ...NO_LIMITS, chatPerMinute: 5 } }],
        [
          { limits: { requestsPerMinute: 0, concurrentTurns: 1_000_000 } },
          { limits: { chatPerMinute: 5, requestsPerMinute: 0, concurrentTurns: 1_000_000 } },
        ],
        [{ budgetTokensPerDay: 2 ** 40 }, { budgetTokensPerDay: 2 ** 40 }],
        [{ suspendedAt: SUSPENDED_AT }, { suspendedAt: SUSPENDED_AT }],
        [
          { limits: { chatPerMinute: null }, budgetTokensPerDay: 0 },
          {
            limits: { chatPerMinute: null, requestsPerMinute: 0, concurrentTurns: 1_000_000 },
            budgetTokensPerDay: 0,
          },
        ],
        [
          { suspendedAt: null, budgetTokensPerDay: null },
          { suspendedAt: null, budgetTokensPerDay: null },
        ],
      ];
      let expected = freshOf(1);
      for (const [changes, difference] of steps) {
        expected = { ...expected, ...difference };
        expect(await managed.update(idOf(1), changes)).to.deep.equal(expected);
        expect(await managed.find(idOf(1))).to.deep.equal(expected);
      }
      expect(await managed.find(idOf(2))).to.deep.equal(freshOf(2));
    });

    it('keeps the first time of a suspension, and takes a new one after the client was resumed', async () => {
      const suspend = async (at: string | null) =>
        (await managed.update(idOf(1), { suspendedAt: at }))?.suspendedAt;
      expect(await suspend(SUSPENDED_AT)).to.equal(SUSPENDED_AT);
      expect(await suspend(LATER)).to.equal(SUSPENDED_AT);
      expect(await suspend(null)).to.equal(null);
      expect(await suspend(LATER)).to.equal(LATER);
    });

    it('shows what was changed beside every key of the client at once, and beside no other', async () => {
      await storage.clients.addKey(idOf(1), keyOf(13), by(11));
      const limits = { chatPerMinute: 1, requestsPerMinute: 2, concurrentTurns: 3 };
      await managed.update(idOf(1), { suspendedAt: SUSPENDED_AT, limits, budgetTokensPerDay: 4 });
      for (const number of [11, 13]) {
        expect(await storage.clients.findKeyVerifier(idOf(number))).to.deep.include({
          keyId: idOf(number),
          suspendedAt: SUSPENDED_AT,
          limits,
          budgetTokensPerDay: 4,
        });
      }
      expect(await storage.clients.findKeyVerifier(idOf(12))).to.deep.include({
        suspendedAt: null,
        limits: NO_LIMITS,
        budgetTokensPerDay: null,
      });
    });

    it('keeps what was changed when the owner changes the account', async () => {
      await managed.update(idOf(1), { suspendedAt: SUSPENDED_AT, budgetTokensPerDay: 4 });
      await storage.clients.update(idOf(1), { email: 'new@example.com' }, null);
      expect(await managed.find(idOf(1))).to.deep.equal({
        ...freshOf(1),
        email: 'new@example.com',
        suspendedAt: SUSPENDED_AT,
        budgetTokensPerDay: 4,
      });
    });

    it('lists all clients, newest first, page by page', async () => {
      for (const number of [5, 3, 4]) await storage.clients.create(credentialsOf(number), keyOf(20 + number));
      const seen: string[] = [];
      let before: string | null = null;
      do {
        const page = await managed.list(2, before);
        seen.push(...page.clients.map(({ id }) => id));
        before = page.nextBefore;
      } while (before !== null);
      expect(seen).to.deep.equal([5, 4, 3, 2, 1].map(idOf));
      expect((await managed.list(5, null)).nextBefore).to.equal(null);
      expect(await managed.list(1, idOf(2))).to.deep.equal({ clients: [freshOf(1)], nextBefore: null });
      expect(await managed.list(1, idOf(1))).to.deep.equal({ clients: [], nextBefore: null });
    });

    it('lists on from a client that has gone', async () => {
      await storage.clients.create(credentialsOf(3), keyOf(23));
      const { nextBefore } = await managed.list(2, null);
      expect(nextBefore).to.equal(idOf(2));
      await storage.clients.delete(idOf(2));
      expect((await managed.list(2, nextBefore)).clients.map(({ id }) => id)).to.deep.equal([idOf(1)]);
      expect((await managed.list(2, null)).clients.map(({ id }) => id)).to.deep.equal([idOf(3), idOf(1)]);
    });

    it('leaves nothing for a new account with the same id', async () => {
      await managed.update(idOf(1), { suspendedAt: SUSPENDED_AT, budgetTokensPerDay: 4 });
      await storage.clients.delete(idOf(1));
      await storage.clients.create(credentialsOf(1), keyOf(11));
      expect(await managed.find(idOf(1))).to.deep.equal(freshOf(1));
    });

    it('shares no object with its callers', async () => {
      const limits = { chatPerMinute: 7 };
      await managed.update(idOf(1), { limits });
      limits.chatPerMinute = 8;
      const expected = { ...freshOf(1), limits: { ...NO_LIMITS, chatPerMinute: 7 } };
      const ways = [
        () => managed.find(idOf(1)),
        () => managed.findByEmail('owner1@example.com'),
        () => managed.update(idOf(1), {}),
        async () => (await managed.list(1, idOf(2))).clients[0],
      ];
      for (const way of [...ways, ...ways]) {
        const client = await way();
        expect(client).to.deep.equal(expected);
        Object.assign(client ?? {}, { email: 'changed' });
        Object.assign(client?.limits ?? {}, { chatPerMinute: 9 });
      }
      const verifier = await storage.clients.findKeyVerifier(idOf(11));
      Object.assign(verifier?.limits ?? {}, { chatPerMinute: 9 });
      expect((await storage.clients.findKeyVerifier(idOf(11)))?.limits.chatPerMinute).to.equal(7);
    });

    for (const { how, bringAbout } of harness.outages) {
      it(`rejects every call with database_unavailable when ${how}`, async () => {
        await bringAbout(storage);
        const calls = [
          managed.find(idOf(1)),
          managed.findByEmail('owner1@example.com'),
          managed.list(1, null),
          managed.update(idOf(1), { suspendedAt: LATER }),
        ];
        expect(await Promise.all(calls.map(codeOf))).to.deep.equal(calls.map(() => 'database_unavailable'));
      });
    }
  });
}
