import { expect } from 'chai';
import { GetUsage } from '#src/application/usage/get-usage.js';
import { idOf } from '#tests/contracts/client-repository.contract.js';
import { UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

const DAY = '2026-01-01';

describe('GetUsage', () => {
  let app: UseCaseFixture;

  beforeEach(() => {
    app = new UseCaseFixture();
  });

  afterEach(() => app.close());

  it('shows no more than 100 characters of a day by themselves, and loses none of what the others cost', async () => {
    const { clientId } = await app.signUp();
    const entries = Array.from({ length: 150 }, (_, i) => ({
      clientId,
      day: DAY,
      characterId: idOf(i + 1),
      turns: 1,
      inputTokens: i + 1,
      outputTokens: 1,
    }));
    await app.usageRepository.add(entries, DAY);
    const getUsage = new GetUsage({ ...app, budgetTokensPerDay: 0 });
    const [today] = (await getUsage.execute({ clientId, budgetTokensPerDay: null })).days;
    const all = { turns: 150, inputTokens: 11_325, outputTokens: 150, totalTokens: 11_475 };
    const { characters, ...totals } = today ?? { characters: [] };
    expect(totals).to.deep.equal({ day: DAY, ...all });
    expect(characters).to.have.length(101);
    expect(characters[0]?.characterId).to.equal(idOf(51));
    expect(characters.at(-1)).to.deep.equal({
      characterId: null,
      turns: 50,
      inputTokens: 1275,
      outputTokens: 50,
      totalTokens: 1325,
    });
  });
});
