import { expect } from 'chai';
import { Authorize } from '#src/application/access/authorize.js';
import { ApiKeyUses } from '#src/application/background/api-key-uses.js';
import { CreateApiKey } from '#src/application/clients/create-api-key.js';
import { DeleteClient } from '#src/application/clients/delete-client.js';
import { GetClient } from '#src/application/clients/get-client.js';
import { RevokeApiKey } from '#src/application/clients/revoke-api-key.js';
import { UpdateClient } from '#src/application/clients/update-client.js';
import { ORIGIN, outcomeOf, Workshop } from '#tests/support/fixtures/workshop.js';

describe('DeleteClient', () => {
  let shop: Workshop;

  beforeEach(() => {
    shop = new Workshop();
  });

  afterEach(() => shop.close());

  const remove = (clientId: string) => new DeleteClient(shop).execute({ clientId, origin: ORIGIN });

  it('ends the account with its keys, characters and conversations, and nobody else’s', async () => {
    const ada = await shop.signUp('ada@example.com');
    const grace = await shop.signUp('grace@example.com');
    for (const { clientId } of [ada, grace]) {
      const { id } = await shop.createCharacter(clientId);
      await shop.send({ clientId, characterId: id });
    }
    await remove(ada.clientId);

    const authorize = new Authorize({
      ...shop,
      uses: new ApiKeyUses(shop),
      serviceKey: null,
      signup: 'open',
    });
    const seen = async ({ clientId, apiKey }: typeof ada) => ({
      client: await shop.clients.find(clientId),
      keys: (await shop.clients.listKeys(clientId)).length,
      characters: (await shop.characters.list(clientId, 100, null)).characters.length,
      conversation: (await shop.conversations.find(clientId, 'c'))?.turns ?? 0,
      key: await outcomeOf(authorize.execute('client', { apiKey, serviceKey: null })),
    });
    expect(await seen(ada)).to.deep.equal({
      client: null,
      keys: 0,
      characters: 0,
      conversation: 0,
      key: 'unauthenticated',
    });
    expect(await seen(grace)).to.deep.include({ keys: 1, characters: 1, conversation: 1, key: 'done' });
  });

  it('deletes nothing, no conversation either, for a key that was revoked since it was let in', async () => {
    const { clientId, apiKey } = await shop.signUp();
    const { id: revoked } = await new CreateApiKey(shop).execute({
      clientId,
      askedBy: shop.apiKeys.parse(apiKey) ?? '',
      origin: ORIGIN,
    });
    const { id } = await shop.createCharacter(clientId);
    await shop.send({ clientId, characterId: id });
    await new RevokeApiKey(shop).execute({ clientId, keyId: revoked, origin: ORIGIN });
    const origin = { ...ORIGIN, actorKeyId: revoked };
    const others = [
      new DeleteClient(shop).execute({ clientId, origin }),
      new RevokeApiKey(shop).execute({ clientId, keyId: revoked, origin }),
      new UpdateClient(shop).execute({ clientId, storeName: 'x', origin }),
    ].map(outcomeOf);
    expect(await Promise.all(others)).to.deep.equal(others.map(() => 'unauthenticated'));
    expect((await shop.conversations.find(clientId, 'c'))?.turns).to.equal(1);
    expect((await shop.clients.find(clientId))?.storeName).not.to.equal('x');
  });

  it('may come twice', async () => {
    const { clientId } = await shop.signUp();
    await remove(clientId);
    expect(await outcomeOf(remove(clientId))).to.equal('done');
  });

  it('leaves a request that is under way without its account', async () => {
    const { clientId, apiKey } = await shop.signUp();
    const askedBy = shop.apiKeys.parse(apiKey) ?? '';
    await remove(clientId);
    expect(await outcomeOf(new GetClient(shop).execute({ clientId }))).to.equal('unauthenticated');
    expect(await outcomeOf(shop.createCharacter(clientId))).to.equal('unauthenticated');
    expect(await outcomeOf(new CreateApiKey(shop).execute({ clientId, askedBy, origin: ORIGIN }))).to.equal(
      'unauthenticated',
    );
    expect(await shop.clients.listKeys(clientId)).to.deep.equal([]);
  });
});
