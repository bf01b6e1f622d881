import { expect } from 'chai';
import sinon from 'sinon';
import { RecoverAccess } from '#src/application/clients/recover-access.js';
import { ORIGIN, outcomeOf, Workshop } from '#tests/support/fixtures/workshop.js';

const RIGHT = 'correct horse battery';

describe('RecoverAccess', () => {
  let shop: Workshop;

  beforeEach(() => {
    shop = new Workshop();
    shop.limits.passwordsPer15Minutes = 0;
  });

  afterEach(() => shop.close());

  it('lets the oldest key that was never used give way at 100 usable keys, to the owner alone', async () => {
    const { clientId } = await shop.signUp('ada@example.com');
    const recover = (password = 'correct horse battery') =>
      new RecoverAccess(shop).execute({ email: 'ada@example.com', password, origin: ORIGIN });
    const usable = async () =>
      (await shop.clients.listKeys(clientId))
        .filter(({ revokedAt }) => revokedAt === null)
        .map(({ id }) => id);
    const [first] = await usable();
    shop.clock.advance(1000);
    const { id: idle } = await recover();
    for (let count = 3; count <= 100; count += 1) {
      shop.clock.advance(1000);
      await recover();
    }
    shop.clock.advance(1000);
    const now = new Date(shop.clock.now()).toISOString();
    await shop.clients.recordKeyUses([{ clientId, keyId: first ?? '', usedAt: now }], now);
    expect(await outcomeOf(recover('wrong horse battery'))).to.equal('unauthenticated');
    expect(await usable()).to.include(idle);

    const { id: newest } = await recover();
    expect(await usable())
      .to.have.length(100)
      .and.include.members([first, newest])
      .and.not.include(idle);
  });

  it('takes a use that has not been written yet for one', async () => {
    const { clientId, apiKey } = await shop.signUp('ada@example.com');
    const recover = () =>
      new RecoverAccess(shop).execute({ email: 'ada@example.com', password: RIGHT, origin: ORIGIN });
    const [first] = await shop.clients.listKeys(clientId);
    for (let count = 2; count <= 100; count += 1) await recover();
    const verifier = await shop.clients.findKeyVerifier(shop.apiKeys.parse(apiKey) ?? '');
    if (verifier === null) throw new Error('the first key is gone');
    shop.uses.note(verifier);
    await recover();
    expect((await shop.clients.findKeyVerifier(first?.id ?? ''))?.revokedAt).to.equal(null);
  });

  it('leaves the key that another recovery has just returned, though all others are in use', async () => {
    const { clientId } = await shop.signUp('ada@example.com');
    const recover = () =>
      new RecoverAccess(shop).execute({ email: 'ada@example.com', password: RIGHT, origin: ORIGIN });
    for (let count = 2; count <= 100; count += 1) await recover();
    const now = new Date(shop.clock.now()).toISOString();
    for (const { id: keyId } of await shop.clients.listKeys(clientId)) {
      await shop.clients.recordKeyUses([{ clientId, keyId, usedAt: now }], now);
    }
    shop.clock.advance(61_000);
    const { id } = await recover();
    shop.clock.advance(59_000);
    await recover();
    expect((await shop.clients.findKeyVerifier(id))?.revokedAt).to.equal(null);
    shop.clock.advance(2000);
    await recover();
    expect((await shop.clients.findKeyVerifier(id))?.revokedAt).to.not.equal(null);
  });

  it('mints no key for an account that is suspended while its password is looked at', async () => {
    const { clientId } = await shop.signUp('ada@example.com');
    const flush = shop.uses.flush.bind(shop.uses);
    sinon.stub(shop.uses, 'flush').callsFake(async () => {
      await shop.managedClients.update(clientId, { suspendedAt: '2026-01-02T00:00:00.000Z' });
      return flush();
    });
    const recovery = new RecoverAccess(shop).execute({
      email: 'ada@example.com',
      password: RIGHT,
      origin: ORIGIN,
    });
    expect(await outcomeOf(recovery)).to.equal('forbidden');
    expect(await shop.clients.listKeys(clientId)).to.have.length(1);
  });

  it('mints no key by a password that was changed while it was looked at', async () => {
    const { clientId } = await shop.signUp('ada@example.com');
    const verify = shop.passwords.verify.bind(shop.passwords);
    sinon.stub(shop.passwords, 'verify').callsFake(async (password, hash) => {
      const isRight = await verify(password, hash);
      await shop.clients.update(clientId, { passwordHash: 'another' }, null);
      return isRight;
    });
    const recovery = new RecoverAccess(shop).execute({
      email: 'ada@example.com',
      password: RIGHT,
      origin: ORIGIN,
    });
    expect(await outcomeOf(recovery)).to.equal('unauthenticated');
    expect(await shop.clients.listKeys(clientId)).to.have.length(1);
  });
});
