import { expect } from 'chai';
import { RecoverAccess } from '#src/application/clients/recover-access.js';
import { ORIGIN, outcomeOf, Workshop } from './workshop.js';

describe('RecoverAccess', () => {
  let shop: Workshop;

  beforeEach(() => {
    shop = new Workshop();
    shop.limits.passwordsPer15Minutes = 0;
  });

  afterEach(() => shop.close());

  it('lets the key that was unused for longest give way at 100 usable keys, to the owner alone', async () => {
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
    await shop.clients.recordKeyUses([
      { clientId, keyId: first ?? '', usedAt: new Date(shop.clock.now()).toISOString() },
    ]);
    expect(await outcomeOf(recover('wrong horse battery'))).to.equal('unauthenticated');
    expect(await usable()).to.include(idle);

    const { id: newest } = await recover();
    expect(await usable())
      .to.have.length(100)
      .and.include.members([first, newest])
      .and.not.include(idle);
  });
});
