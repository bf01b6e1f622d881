import { expect } from 'chai';
import type { KnownAddresses } from '#src/application/limits/known-addresses.js';

export interface KnownAddressesHarness {
  readonly name: string;
  open(): Promise<{
    readonly addresses: KnownAddresses;
    advance(ms: number): Promise<void>;
    close(): Promise<void>;
  }>;
}

const DAY_MS = 86_400_000;

/** Everything that {@link KnownAddresses} promise, wherever they are kept. */
export function knownAddressesContract(harness: KnownAddressesHarness): void {
  describe(`KnownAddresses: ${harness.name}`, () => {
    let opened: Awaited<ReturnType<KnownAddressesHarness['open']>>;

    beforeEach(async () => {
      opened = await harness.open();
    });
    afterEach(() => opened.close());

    it('knows an account’s addresses for two weeks since the last time', async () => {
      const { addresses, advance } = opened;
      expect(await addresses.has('ada', '192.0.2.1')).to.equal(false);
      await addresses.remember('ada', '192.0.2.1');
      await advance(10 * DAY_MS);
      await addresses.remember('ada', '192.0.2.1');
      await advance(13.9 * DAY_MS);
      expect(await addresses.has('ada', '192.0.2.1')).to.equal(true);
      await advance(0.2 * DAY_MS);
      expect(await addresses.has('ada', '192.0.2.1')).to.equal(false);
    });

    it('keeps accounts and addresses apart', async () => {
      const { addresses } = opened;
      await addresses.remember('ada', '192.0.2.1');
      expect(await addresses.has('ada', '192.0.2.2')).to.equal(false);
      expect(await addresses.has('bob', '192.0.2.1')).to.equal(false);
      expect(await addresses.has('1ada', '192.0.2.')).to.equal(false);
    });
  });
}
