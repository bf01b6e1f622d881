import { expect } from 'chai';
import type { BudgetDenial, Reservation, TokenBudget } from '#src/application/ports/limits/token-budget.js';
import { AppError } from '#src/domain/errors.js';
import { codeOf } from './client-repository.contract.js';

export interface BudgetStore {
  /** Parts of one whole: as many processes would have them. At least one. */
  readonly budgets: readonly [TokenBudget, ...TokenBudget[]];
  close(): Promise<void>;
}

export interface BudgetHarness {
  readonly name: string;
  create(): Promise<BudgetStore>;
}

const DAY = '2026-01-01';
const nothingRecorded = async () => 0;

/** The one that was reserved; a denial fails the test. */
export function granted(answer: Reservation | BudgetDenial): Reservation {
  if (answer.kind === 'refused') throw new Error(`refused with ${answer.remaining} left`);
  return answer;
}

/** A test of more than the limit itself begins with `ask`, which takes what varies. */
export function asking(budget: TokenBudget) {
  return (tokens: number, { clientId = 'ada', day = DAY, limit = 100, recordedUse = nothingRecorded } = {}) =>
    budget.reserve(clientId, { day, tokens, limit, recordedUse });
}

export function itKeepsBudgets({ name, create }: BudgetHarness): void {
  describe(`TokenBudget on ${name}`, () => {
    let store: BudgetStore;
    let budget: TokenBudget;
    let ask: ReturnType<typeof asking>;

    beforeEach(async () => {
      store = await create();
      [budget] = store.budgets;
      ask = asking(budget);
    });

    afterEach(() => store.close());

    const state = (clientId = 'ada', day = DAY) => budget.find(clientId, day);

    it('holds what is asked for up to the limit, and not one token more', async () => {
      granted(await ask(60));
      expect(await ask(41)).to.deep.equal({ kind: 'refused', remaining: 40 });
      granted(await ask(40));
      expect(await ask(1)).to.deep.equal({ kind: 'refused', remaining: 0 });
      expect(await state()).to.deep.equal({ spent: 0, held: 100 });
    });

    it('refuses more than the whole budget', async () => {
      expect(await ask(101)).to.deep.equal({ kind: 'refused', remaining: 100 });
      expect(await state()).to.deep.equal({ spent: 0, held: 0 });
    });

    it('puts what was spent in the place of what was held', async () => {
      const [first, second] = [granted(await ask(50)), granted(await ask(50))];
      await first.settle(10);
      expect(await state()).to.deep.equal({ spent: 10, held: 50 });
      await second.settle(0);
      expect(await state()).to.deep.equal({ spent: 10, held: 0 });
      expect(await ask(91)).to.deep.equal({ kind: 'refused', remaining: 90 });
      granted(await ask(90));
    });

    it('counts what was spent beyond the reservation, and then has nothing left', async () => {
      await granted(await ask(50)).settle(130);
      expect(await state()).to.deep.equal({ spent: 130, held: 0 });
      expect(await ask(1)).to.deep.equal({ kind: 'refused', remaining: 0 });
    });

    it('counts by the limit that it is asked with', async () => {
      await granted(await ask(80)).settle(80);
      expect(await ask(10, { limit: 50 })).to.deep.equal({ kind: 'refused', remaining: 0 });
      granted(await ask(900, { limit: 1000 }));
    });

    it('keeps clients apart', async () => {
      granted(await ask(100));
      granted(await ask(100, { clientId: 'bob' }));
      expect(await state('bob')).to.deep.equal({ spent: 0, held: 100 });
      expect(await state('nobody')).to.equal(null);
    });

    it('begins every day afresh, and counts a turn on the day that it was reserved on', async () => {
      const overnight = granted(await ask(70));
      granted(await ask(100, { day: '2026-01-02' }));
      await overnight.settle(20);
      expect(await state()).to.deep.equal({ spent: 20, held: 0 });
      expect(await state('ada', '2026-01-02')).to.deep.equal({ spent: 0, held: 100 });
    });

    it('begins with what was recorded, and does not ask for it again', async () => {
      let asked = 0;
      const recordedUse = async () => {
        asked += 1;
        return 70;
      };
      expect(await ask(31, { recordedUse })).to.deep.equal({ kind: 'refused', remaining: 30 });
      granted(await ask(30, { recordedUse }));
      expect(asked).to.equal(1);
      expect(await state()).to.deep.equal({ spent: 70, held: 30 });
    });

    it('passes on that the records cannot be read, and asks again the next time', async () => {
      const recordedUse = async () => {
        throw new AppError('database_unavailable');
      };
      expect(await codeOf(ask(1, { recordedUse }))).to.equal('database_unavailable');
      expect(await state()).to.equal(null);
      expect(await ask(100, { recordedUse: async () => 1 })).to.deep.equal({
        kind: 'refused',
        remaining: 99,
      });
    });

    it('never holds more than the limit for parallel callers, whoever begins the day', async () => {
      const answers = await Promise.all(
        Array.from({ length: 300 }, (_, i) =>
          asking(store.budgets[i % store.budgets.length] ?? budget)(7, {
            limit: 1000,
            recordedUse: async () => 90,
          }),
        ),
      );
      expect(answers.filter(({ kind }) => kind === 'reserved')).to.have.length(130);
      expect(await state()).to.deep.equal({ spent: 90, held: 910 });
    });

    it('loses nothing of what parallel callers spend', async () => {
      await Promise.all(
        Array.from({ length: 300 }, async (_, i) => {
          const answer = await asking(store.budgets[i % store.budgets.length] ?? budget)(10, { limit: 1e6 });
          await granted(answer).settle(i % 10);
        }),
      );
      expect(await state()).to.deep.equal({ spent: 1350, held: 0 });
    });

    it('counts beyond what 32 bits hold', async () => {
      const limit = 1_000_000_000_000;
      await granted(await ask(900_000_000_000, { limit })).settle(900_000_000_001);
      expect(await ask(100_000_000_000, { limit })).to.deep.equal({
        kind: 'refused',
        remaining: 99_999_999_999,
      });
      expect(await state()).to.deep.equal({ spent: 900_000_000_001, held: 0 });
    });
  });
}
