import { expect } from 'chai';
import { CreateApiKey } from '#src/application/clients/create-api-key.js';
import { ListApiKeys } from '#src/application/clients/list-api-keys.js';
import { RevokeApiKey } from '#src/application/clients/revoke-api-key.js';
import { MOST_USABLE_KEYS } from '#src/domain/access/api-key.js';
import { ORIGIN, outcomeOf, Workshop } from '#tests/support/fixtures/workshop.js';

describe('CreateApiKey', () => {
  let shop: Workshop;
  const idOf = (apiKey: string) => shop.apiKeys.parse(apiKey) ?? '';

  beforeEach(() => {
    shop = new Workshop();
  });

  afterEach(() => shop.close());

  it('stops at 100 usable keys, the first one included, until one is revoked', async () => {
    const { clientId, apiKey } = await shop.signUp();
    const make = () => new CreateApiKey(shop).execute({ clientId, askedBy: idOf(apiKey), origin: ORIGIN });
    const { id } = await make();
    while ((await shop.clients.listKeys(clientId)).length < 100) await make();
    expect(await outcomeOf(make())).to.equal('too_many_keys');
    expect(await shop.clients.listKeys(clientId)).to.have.length(MOST_USABLE_KEYS);

    await new RevokeApiKey(shop).execute({ clientId, keyId: id, origin: ORIGIN });
    expect(await outcomeOf(make())).to.equal('done');
    expect(await outcomeOf(make())).to.equal('too_many_keys');
  });

  it('mints nothing for a key or a client that was let in a moment ago and is not any more', async () => {
    const { clientId, apiKey } = await shop.signUp();
    const make = (askedBy: string) =>
      outcomeOf(new CreateApiKey(shop).execute({ clientId, askedBy, origin: ORIGIN }));
    const { id } = await new CreateApiKey(shop).execute({ clientId, askedBy: idOf(apiKey), origin: ORIGIN });
    await new RevokeApiKey(shop).execute({ clientId, keyId: id, origin: ORIGIN });
    expect(await make(id)).to.equal('unauthenticated');
    await shop.managedClients.update(clientId, { suspendedAt: '2026-01-02T00:00:00.000Z' });
    expect(await make(idOf(apiKey))).to.equal('forbidden');
    expect(await shop.clients.listKeys(clientId)).to.have.length(2);
    expect(shop.auditLines.filter(({ fields }) => fields['audit'] === 'key_created')).to.have.length(1);
  });

  it('leaves a list that ends, however often keys are rotated: the newest 100 revoked ones stay', async () => {
    const { clientId, apiKey } = await shop.signUp();
    const rotated: string[] = [];
    for (let round = 0; round < 102; round += 1) {
      shop.clock.advance(1000);
      const { id } = await new CreateApiKey(shop).execute({
        clientId,
        askedBy: idOf(apiKey),
        origin: ORIGIN,
      });
      await new RevokeApiKey(shop).execute({ clientId, keyId: id, origin: ORIGIN });
      rotated.push(id);
    }
    const listed = await new ListApiKeys(shop).execute({ clientId });
    const revoked = listed.filter((key) => key.revokedAt !== null);
    expect(revoked.map(({ id }) => id)).to.deep.equal(rotated.slice(2));
    expect(listed).to.have.length(101);
  });
});
