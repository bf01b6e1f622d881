import { expect } from 'chai';
import { CreateApiKey } from '#src/application/clients/create-api-key.js';
import { ListApiKeys } from '#src/application/clients/list-api-keys.js';
import { RevokeApiKey } from '#src/application/clients/revoke-api-key.js';
import { MAX_USABLE_KEYS } from '#src/domain/access/api-key.js';
import { ORIGIN, outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

describe('CreateApiKey', () => {
  let app: UseCaseFixture;
  const idOf = (apiKey: string) => app.apiKeys.parse(apiKey) ?? '';

  beforeEach(() => {
    app = new UseCaseFixture();
  });

  afterEach(() => app.close());

  it('stops at 100 usable keys, the first one included, until one is revoked', async () => {
    const { clientId, apiKey } = await app.signUp();
    const make = () => new CreateApiKey(app).execute({ clientId, askedBy: idOf(apiKey), origin: ORIGIN });
    const { id } = await make();
    while ((await app.clients.listKeys(clientId)).length < 100) await make();
    expect(await outcomeOf(make())).to.equal('too_many_keys');
    expect(await app.clients.listKeys(clientId)).to.have.length(MAX_USABLE_KEYS);

    await new RevokeApiKey(app).execute({ clientId, keyId: id, origin: ORIGIN });
    expect(await outcomeOf(make())).to.equal('done');
    expect(await outcomeOf(make())).to.equal('too_many_keys');
  });

  it('mints nothing for a key or a client that was let in a moment ago and is not any more', async () => {
    const { clientId, apiKey } = await app.signUp();
    const make = (askedBy: string) =>
      outcomeOf(new CreateApiKey(app).execute({ clientId, askedBy, origin: ORIGIN }));
    const { id } = await new CreateApiKey(app).execute({ clientId, askedBy: idOf(apiKey), origin: ORIGIN });
    await new RevokeApiKey(app).execute({ clientId, keyId: id, origin: ORIGIN });
    expect(await make(id)).to.equal('unauthenticated');
    await app.managedClients.update(clientId, { suspendedAt: '2026-01-02T00:00:00.000Z' });
    expect(await make(idOf(apiKey))).to.equal('forbidden');
    expect(await app.clients.listKeys(clientId)).to.have.length(2);
    expect(app.auditLines.filter(({ fields }) => fields['audit'] === 'key_created')).to.have.length(1);
  });

  it('leaves a list that ends, however often keys are rotated: the newest 100 revoked ones stay', async () => {
    const { clientId, apiKey } = await app.signUp();
    const rotated: string[] = [];
    for (let round = 0; round < 102; round += 1) {
      app.clock.advance(1000);
      const { id } = await new CreateApiKey(app).execute({
        clientId,
        askedBy: idOf(apiKey),
        origin: ORIGIN,
      });
      await new RevokeApiKey(app).execute({ clientId, keyId: id, origin: ORIGIN });
      rotated.push(id);
    }
    const listed = await new ListApiKeys(app).execute({ clientId });
    const revoked = listed.filter((key) => key.revokedAt !== null);
    expect(revoked.map(({ id }) => id)).to.deep.equal(rotated.slice(2));
    expect(listed).to.have.length(101);
  });
});
