import { expect } from 'chai';
import type { TurnSlots } from '#src/application/ports/turn-slots.js';

export interface OpenedTurnSlots {
  readonly slots: TurnSlots;
  /** Resolves when what was released before is free. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface TurnSlotsHarness {
  readonly name: string;
  open(): Promise<OpenedTurnSlots>;
}

/** Everything that {@link TurnSlots} promise, wherever they are counted. */
export function turnSlotsContract(harness: TurnSlotsHarness): void {
  describe(`TurnSlots: ${harness.name}`, () => {
    let opened: OpenedTurnSlots;
    let slots: TurnSlots;

    const acquire = (times: number, limit = 3, clientId = 'ada') =>
      Promise.all(Array.from({ length: times }, () => slots.acquire(clientId, limit)));
    const allowed = async (...args: Parameters<typeof acquire>) =>
      (await acquire(...args)).filter(({ decision }) => decision.allowed).length;

    beforeEach(async () => {
      opened = await harness.open();
      slots = opened.slots;
    });
    afterEach(() => opened.close());

    it('gives out as many as the limit, and says what remains', async () => {
      const decisions = [];
      for (let count = 0; count < 4; count += 1) decisions.push((await slots.acquire('ada', 3)).decision);
      expect(decisions).to.deep.equal([
        ...[2, 1, 0].map((remaining) => ({
          scope: 'turns',
          allowed: true,
          limit: 3,
          remaining,
          retryAfterMs: 0,
        })),
        { scope: 'turns', allowed: false, limit: 3, remaining: 0, retryAfterMs: 1000 },
      ]);
    });

    it('gives out exactly the limit when many ask at once', async () => {
      expect(await allowed(500, 100)).to.equal(100);
    });

    it('gives a released one out again, once', async () => {
      const [first] = await acquire(3);
      first?.release();
      first?.release();
      await opened.settled();
      expect(await allowed(5)).to.equal(1);
    });

    it('frees nothing with a refused one', async () => {
      const taken = await acquire(4);
      taken.find(({ decision }) => !decision.allowed)?.release();
      await opened.settled();
      expect(await allowed(1)).to.equal(0);
    });

    it('counts each client by itself', async () => {
      await acquire(3);
      expect(await allowed(4, 3, 'bob')).to.equal(3);
    });

    it('goes by a limit that has changed since', async () => {
      await acquire(3);
      expect(await allowed(3, 5)).to.equal(2);
      expect(await allowed(1, 2)).to.equal(0);
    });
  });
}
