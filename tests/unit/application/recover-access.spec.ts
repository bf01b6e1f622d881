import { expect } from 'chai';
import sinon from 'sinon';
import { RecoverAccess } from '#src/application/clients/recover-access.js';
import { ORIGIN, outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

const RIGHT = 'correct horse battery';

describe('RecoverAccess', () => {
  let app: UseCaseFixture;

  beforeEach(() => {
    app = new UseCaseFixture();
    app.limits.passwordsPer15Minutes = 0;
  });

  afterEach(() => app.close());

  it('lets the oldest key that was never used give way at 100 usable keys, to the owner alone', async () => {
    const { clientId } = await app.signUp('ada@example.com');
    const recover = (password = 'correct horse battery') =>
      new RecoverAccess(app).execute({ email: 'ada@example.com', password, origin: ORIGIN });
    const usable = async () =>
      (await app.clients.listKeys(clientId))
        .filter(({ revokedAt }) => revokedAt === null)
        .map(({ id }) => id);
    const [first] = await usable();
    app.clock.advance(1000);
    const { id: idle } = await recover();
    for (let count = 3; count <= 100; count += 1) {
      app.clock.advance(1000);
      await recover();
    }
    app.clock.advance(1000);
    const now = new Date(app.clock.now()).toISOString();
    await app.clients.recordKeyUses([{ clientId, keyId: first ?? '', usedAt: now }], now);
    expect(await outcomeOf(recover('wrong horse battery'))).to.equal('unauthenticated');
    expect(await usable()).to.include(idle);

    const { id: newest } = await recover();
    expect(await usable())
      .to.have.length(100)
      .and.include.members([first, newest])
      .and.not.include(idle);
  });

  it('takes a use that has not been written yet for one', async () => {
    const { clientId, apiKey } = await app.signUp('ada@example.com');
    const recover = () =>
      new RecoverAccess(app).execute({ email: 'ada@example.com', password: RIGHT, origin: ORIGIN });
    const [first] = await app.clients.listKeys(clientId);
    for (let count = 2; count <= 100; count += 1) await recover();
    const verifier = await app.clients.findKeyVerifier(app.apiKeys.parse(apiKey) ?? '');
    if (verifier === null) throw new Error('the first key is gone');
    app.uses.note(verifier);
    await recover();
    expect((await app.clients.findKeyVerifier(first?.id ?? ''))?.revokedAt).to.equal(null);
  });

  it('leaves the key that another recovery has just returned, though all others are in use', async () => {
    const { clientId } = await app.signUp('ada@example.com');
    const recover = () =>
      new RecoverAccess(app).execute({ email: 'ada@example.com', password: RIGHT, origin: ORIGIN });
    for (let count = 2; count <= 100; count += 1) await recover();
    const now = new Date(app.clock.now()).toISOString();
    for (const { id: keyId } of await app.clients.listKeys(clientId)) {
      await app.clients.recordKeyUses([{ clientId, keyId, usedAt: now }], now);
    }
    app.clock.advance(61_000);
    const { id } = await recover();
    app.clock.advance(59_000);
    await recover();
    expect((await app.clients.findKeyVerifier(id))?.revokedAt).to.equal(null);
    app.clock.advance(2000);
    await recover();
    expect((await app.clients.findKeyVerifier(id))?.revokedAt).to.not.equal(null);
  });

  it('mints no key for an account that is suspended while its password is looked at', async () => {
    const { clientId } = await app.signUp('ada@example.com');
    const flush = app.uses.flush.bind(app.uses);
    sinon.stub(app.uses, 'flush').callsFake(async () => {
      await app.managedClients.update(clientId, { suspendedAt: '2026-01-02T00:00:00.000Z' });
      return flush();
    });
    const recovery = new RecoverAccess(app).execute({
      email: 'ada@example.com',
      password: RIGHT,
      origin: ORIGIN,
    });
    expect(await outcomeOf(recovery)).to.equal('forbidden');
    expect(await app.clients.listKeys(clientId)).to.have.length(1);
  });

  it('mints no key by a password that was changed while it was looked at', async () => {
    const { clientId } = await app.signUp('ada@example.com');
    const verify = app.passwords.verify.bind(app.passwords);
    sinon.stub(app.passwords, 'verify').callsFake(async (password, hash) => {
      const isRight = await verify(password, hash);
      await app.clients.update(clientId, { passwordHash: 'another' }, null);
      return isRight;
    });
    const recovery = new RecoverAccess(app).execute({
      email: 'ada@example.com',
      password: RIGHT,
      origin: ORIGIN,
    });
    expect(await outcomeOf(recovery)).to.equal('unauthenticated');
    expect(await app.clients.listKeys(clientId)).to.have.length(1);
  });
});
