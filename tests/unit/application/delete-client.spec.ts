import { expect } from 'chai';
import { stub } from 'sinon';
import { Authorize } from '#src/application/access/authorize.js';
import { ApiKeyUses } from '#src/application/background/api-key-uses.js';
import { DeleteCharacter } from '#src/application/characters/delete-character.js';
import { CreateApiKey } from '#src/application/clients/create-api-key.js';
import { DeleteClient } from '#src/application/clients/delete-client.js';
import { GetClient } from '#src/application/clients/get-client.js';
import { RevokeApiKey } from '#src/application/clients/revoke-api-key.js';
import { UpdateClient } from '#src/application/clients/update-client.js';
import { AppError } from '#src/domain/errors.js';
import { ORIGIN, outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

describe('DeleteClient', () => {
  let app: UseCaseFixture;

  beforeEach(() => {
    app = new UseCaseFixture();
  });

  afterEach(() => app.close());

  const remove = (clientId: string) => new DeleteClient(app).execute({ clientId, origin: ORIGIN });

  it('ends the account with its keys, characters and conversations, and nobody else’s', async () => {
    const ada = await app.signUp('ada@example.com');
    const grace = await app.signUp('grace@example.com');
    for (const { clientId } of [ada, grace]) {
      const { id } = await app.createCharacter(clientId);
      await app.send({ clientId, characterId: id });
    }
    await remove(ada.clientId);

    const authorize = new Authorize({
      ...app,
      uses: new ApiKeyUses(app),
      serviceKey: null,
      signup: 'open',
    });
    const seen = async ({ clientId, apiKey }: typeof ada) => ({
      client: await app.clients.find(clientId),
      keys: (await app.clients.listKeys(clientId)).length,
      characters: (await app.characters.list(clientId, 100, null)).characters.length,
      conversation: (await app.conversations.find(clientId, 'c'))?.turns ?? 0,
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
    const { clientId, apiKey } = await app.signUp();
    const { id: revoked } = await new CreateApiKey(app).execute({
      clientId,
      askedBy: app.apiKeys.parse(apiKey) ?? '',
      origin: ORIGIN,
    });
    const { id } = await app.createCharacter(clientId);
    await app.send({ clientId, characterId: id });
    await new RevokeApiKey(app).execute({ clientId, keyId: revoked, origin: ORIGIN });
    const origin = { ...ORIGIN, actorKeyId: revoked };
    const others = [
      new DeleteClient(app).execute({ clientId, origin }),
      new RevokeApiKey(app).execute({ clientId, keyId: revoked, origin }),
      new UpdateClient(app).execute({ clientId, storeName: 'x', origin }),
    ].map(outcomeOf);
    expect(await Promise.all(others)).to.deep.equal(others.map(() => 'unauthenticated'));
    expect((await app.conversations.find(clientId, 'c'))?.turns).to.equal(1);
    expect((await app.clients.find(clientId))?.storeName).not.to.equal('x');
  });

  it('keeps the account of a key that is revoked while its conversations are deleted, and audits that they are gone', async () => {
    const { clientId, apiKey } = await app.signUp();
    const askedBy = app.apiKeys.parse(apiKey) ?? '';
    const { id: revoked } = await new CreateApiKey(app).execute({ clientId, askedBy, origin: ORIGIN });
    const { id } = await app.createCharacter(clientId);
    await app.send({ clientId, characterId: id });
    const deleting = stub(app.conversations, 'deleteByClient').callsFake(async (...call) => {
      await deleting.wrappedMethod.apply(app.conversations, call);
      await new RevokeApiKey(app).execute({ clientId, keyId: revoked, origin: ORIGIN });
    });
    const origin = { ...ORIGIN, actorKeyId: revoked };
    expect(await outcomeOf(new DeleteClient(app).execute({ clientId, origin }))).to.equal('unauthenticated');
    expect(await app.clients.find(clientId)).not.to.equal(null);
    expect(await app.characters.find(clientId, id)).not.to.equal(null);
    const events = app.auditLines.map(({ fields }) => fields['audit']);
    expect(events).to.include('client_deletion_refused').and.not.to.include('client_deleted');
  });

  it('leaves account and character as they were while the cache is away', async () => {
    const { clientId } = await app.signUp();
    const { id } = await app.createCharacter(clientId);
    for (const name of ['deleteByClient', 'deleteByCharacter'] as const)
      stub(app.conversations, name).rejects(new AppError('cache_unavailable'));
    expect(await outcomeOf(remove(clientId))).to.equal('cache_unavailable');
    const removal = new DeleteCharacter(app).execute({ clientId, characterId: id });
    expect(await outcomeOf(removal)).to.equal('cache_unavailable');
    expect(await app.clients.find(clientId)).not.to.equal(null);
    expect(await app.characters.find(clientId, id)).not.to.equal(null);
  });

  it('may come twice', async () => {
    const { clientId } = await app.signUp();
    await remove(clientId);
    expect(await outcomeOf(remove(clientId))).to.equal('done');
  });

  it('leaves a request that is under way without its account', async () => {
    const { clientId, apiKey } = await app.signUp();
    const askedBy = app.apiKeys.parse(apiKey) ?? '';
    await remove(clientId);
    expect(await outcomeOf(new GetClient(app).execute({ clientId }))).to.equal('unauthenticated');
    expect(await outcomeOf(app.createCharacter(clientId))).to.equal('unauthenticated');
    expect(await outcomeOf(new CreateApiKey(app).execute({ clientId, askedBy, origin: ORIGIN }))).to.equal(
      'unauthenticated',
    );
    expect(await app.clients.listKeys(clientId)).to.deep.equal([]);
  });
});
