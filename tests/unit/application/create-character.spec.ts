import { expect } from 'chai';
import { DeleteCharacter } from '#src/application/characters/delete-character.js';
import { outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

describe('CreateCharacter', () => {
  let app: UseCaseFixture;

  beforeEach(() => {
    app = new UseCaseFixture();
  });

  afterEach(() => app.close());

  it('stops at 10,000 characters of one client, until one is deleted', async () => {
    const { clientId } = await app.signUp('ada@example.com');
    const grace = await app.signUp('grace@example.com');
    const { id } = await app.createCharacter(clientId);
    for (let count = 1; count < 10_000; count += 1) await app.createCharacter(clientId);
    expect(await outcomeOf(app.createCharacter(clientId))).to.equal('too_many_characters');
    expect(await outcomeOf(app.createCharacter(grace.clientId))).to.equal('done');

    await new DeleteCharacter(app).execute({ clientId, characterId: id });
    expect(await outcomeOf(app.createCharacter(clientId))).to.equal('done');
    expect(await outcomeOf(app.createCharacter(clientId))).to.equal('too_many_characters');
  });
});
