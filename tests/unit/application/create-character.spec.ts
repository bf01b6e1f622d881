import { expect } from 'chai';
import { DeleteCharacter } from '#src/application/characters/delete-character.js';
import { outcomeOf, Workshop } from '#tests/support/fixtures/workshop.js';

describe('CreateCharacter', () => {
  let shop: Workshop;

  beforeEach(() => {
    shop = new Workshop();
  });

  afterEach(() => shop.close());

  it('stops at 10,000 characters of one client, until one is deleted', async () => {
    const { clientId } = await shop.signUp('ada@example.com');
    const grace = await shop.signUp('grace@example.com');
    const { id } = await shop.createCharacter(clientId);
    for (let count = 1; count < 10_000; count += 1) await shop.createCharacter(clientId);
    expect(await outcomeOf(shop.createCharacter(clientId))).to.equal('too_many_characters');
    expect(await outcomeOf(shop.createCharacter(grace.clientId))).to.equal('done');

    await new DeleteCharacter(shop).execute({ clientId, characterId: id });
    expect(await outcomeOf(shop.createCharacter(clientId))).to.equal('done');
    expect(await outcomeOf(shop.createCharacter(clientId))).to.equal('too_many_characters');
  });
});
