import { expect } from 'chai';
import sinon from 'sinon';
import { BcryptPasswordHasher } from '#src/adapters/bcrypt/bcrypt-password-hasher.js';
import type { RequestOrigin } from '#src/application/access/request-origin.js';
import { PasswordAttempts } from '#src/application/clients/password-attempts.js';
import { RecoverAccess } from '#src/application/clients/recover-access.js';
import { UpdateClient } from '#src/application/clients/update-client.js';
import { AppError } from '#src/domain/errors.js';
import { ORIGIN, outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

const RIGHT = 'correct horse battery';
const OWNERS = '192.0.2.1';

describe('PasswordAttempts', () => {
  let app: UseCaseFixture;

  const at = (address: string): RequestOrigin => ({ ...ORIGIN, address, rateLimitAddress: address });
  const recover = (password: string, address = OWNERS, email = 'ada@example.com') =>
    outcomeOf(new RecoverAccess(app).execute({ email, password, origin: at(address) }));
  const fail = async (times: number, address = OWNERS, email?: string) => {
    const outcomes = [];
    for (let count = 0; count < times; count += 1) outcomes.push(await recover('wrong', address, email));
    return new Set(outcomes);
  };
  const blocks = () =>
    app.auditLines
      .filter(({ fields }) => fields['audit'] === 'limit_blocked')
      .map(({ fields }) => fields['limit']);

  beforeEach(async () => {
    app = new UseCaseFixture();
    await app.signUp('ada@example.com');
  });
  afterEach(() => app.close());

  it('refuses the right password too after ten wrong ones, in the very words of a wrong one', async () => {
    await fail(9);
    expect(await recover(RIGHT)).to.equal('done');
    expect(await fail(1)).to.deep.equal(new Set(['unauthenticated']));
    const error = await new RecoverAccess(app)
      .execute({ email: 'ada@example.com', password: RIGHT, origin: at(OWNERS) })
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AppError).and.to.include({
      code: 'unauthenticated',
      detail: 'Email or password is wrong.',
    });
    expect(blocks()).to.deep.equal(['password']);
    app.clock.advance(900_000);
    expect(await recover(RIGHT)).to.equal('done');
  });

  it('never counts a right password as a wrong one, however often it comes', async () => {
    await fail(9);
    for (let count = 0; count < 90; count += 1) expect(await recover(RIGHT)).to.equal('done');
    expect(blocks()).to.deep.equal([]);
  });

  it('checks a hundred passwords for an account from an address, right ones included, and says so beyond', async () => {
    for (let count = 0; count < 100; count += 1) expect(await recover(RIGHT)).to.equal('done');
    const verify = sinon.spy(app.passwords, 'verify');
    const refused = await new RecoverAccess(app)
      .execute({ email: 'ADA@example.com', password: RIGHT, origin: at(OWNERS) })
      .catch((thrown: unknown) => thrown);
    expect(refused).to.be.instanceOf(AppError).and.to.include({
      code: 'rate_limited',
      retryAfterSeconds: 900,
      detail:
        'The limit "password-checks" was hit: 100 passwords for this account from this address in 900 seconds.',
    });
    expect(verify.callCount).to.equal(0);
    expect(blocks()).to.deep.equal(['password-checks']);
    expect(await recover(RIGHT, '203.0.113.1')).to.equal('done');
    app.clock.advance(900_000);
    expect(await recover(RIGHT)).to.equal('done');
  });

  it('refuses what is no account in the same place and the same words as one that is', async () => {
    const answers = async (email: string, address: string) => {
      const all = [];
      for (let count = 0; count < 103; count += 1) {
        const error: unknown = await new RecoverAccess(app)
          .execute({ email, password: 'wrong', origin: at(address) })
          .catch((thrown: unknown) => thrown);
        all.push(error instanceof AppError ? `${error.code} ${error.detail} ${error.retryAfterSeconds}` : '');
      }
      return all;
    };
    app.limits.passwordsPer15Minutes = 9;
    const [known, unknown] = [
      await answers('ada@example.com', '203.0.113.1'),
      await answers('nobody@example.com', '203.0.113.2'),
    ];
    expect(known).to.deep.equal(unknown);
    expect(new Set(known).size).to.equal(2);
  });

  it('checks three hundred passwords from an address; what one account is refused for leaves the others their share', async () => {
    const emails = ['bob', 'cleo', 'dan'].map((name) => `${name}@example.com`);
    for (const email of emails) await app.signUp(email);
    for (let count = 0; count < 100; count += 1) await recover(RIGHT);
    for (let count = 0; count < 300; count += 1) expect(await recover(RIGHT)).to.equal('rate_limited');
    for (let count = 0; count < 200; count += 1) {
      expect(await recover(RIGHT, OWNERS, emails[count % 2])).to.equal('done');
    }
    expect(await recover(RIGHT, OWNERS, emails[2])).to.equal('rate_limited');
    expect(await recover(RIGHT, '203.0.113.1', emails[2])).to.equal('done');
    expect(blocks()).to.include('password-checks-ip');
  });

  it('lets ten of many simultaneous guesses be looked at', async () => {
    const verify = sinon.spy(app.passwords, 'verify');
    await Promise.all(Array.from({ length: 100 }, () => recover('wrong')));
    expect(verify.getCalls().filter(({ args }) => args[1] !== null)).to.have.length(10);
    expect(verify.callCount).to.equal(100);
  });

  it('never punishes right passwords for coming at once', async () => {
    const passwords = new BcryptPasswordHasher({ pepper: new Uint8Array(32) });
    const attempts = new PasswordAttempts({ ...app, passwords });
    const hash = await passwords.hash(RIGHT, { account: 'ada@example.com', address: OWNERS });
    const ask = async (password = RIGHT) => {
      const attempt = await attempts.begin('ada@example.com', at(OWNERS));
      return attempt.verify(password, hash);
    };
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all([ask('wrong'), ...Array.from({ length: 11 }, () => ask())]);
      expect(answers.filter((isRight) => isRight)).to.have.length(9 - round);
      expect(await ask()).to.equal(true);
    }
    expect(blocks()).to.deep.equal([]);
  });

  it('counts what is one too many at once towards nothing, not even its address', async () => {
    app.limits.passwordsPer15Minutes = 1;
    for (let round = 0; round < 3; round += 1) {
      const email = `owner${round}@example.com`;
      await app.signUp(email);
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => recover(RIGHT, OWNERS, email)));
      expect(outcomes.filter((outcome) => outcome === 'unauthenticated')).to.have.length(7);
      expect(await recover(RIGHT, OWNERS, email)).to.equal('done');
    }
    expect(blocks()).to.deep.equal([]);
  });

  it('takes as long for a limited account as for any: the hasher works every time', async () => {
    await fail(10);
    const verify = sinon.spy(app.passwords, 'verify');
    await recover(RIGHT);
    const [[password, hash] = []] = verify.args;
    expect([password, hash, verify.callCount]).to.deep.equal([RIGHT, null, 1]);
  });

  it('limits what is no account like one that is', async () => {
    expect(await fail(12, OWNERS, 'nobody@example.com')).to.deep.equal(new Set(['unauthenticated']));
    expect(blocks()).to.deep.equal(['password']);
  });

  it('takes all spellings of an address for one account', async () => {
    await fail(5, OWNERS, 'ADA@example.com');
    await fail(5, OWNERS, 'ada@Example.com');
    expect(await recover(RIGHT)).to.equal('unauthenticated');
  });

  it('refuses an address that was wrong a hundred times, whatever it asks for', async () => {
    for (let account = 0; account < 10; account += 1) {
      expect(await fail(10, '198.51.100.1', `${account}@example.com`)).to.deep.equal(
        new Set(['unauthenticated']),
      );
    }
    for (const email of ['ada@example.com', 'nobody@example.com']) {
      const refused = await new RecoverAccess(app)
        .execute({ email, password: RIGHT, origin: at('198.51.100.1') })
        .catch((thrown: unknown) => thrown);
      expect(refused).to.be.instanceOf(AppError).and.to.include({
        code: 'rate_limited',
        retryAfterSeconds: 900,
        detail: 'The limit "password-ip" was hit: 100 wrong passwords from this address in 900 seconds.',
      });
    }
    expect(blocks().filter((limit) => limit === 'password-ip')).to.have.length(1);
    expect(await recover(RIGHT)).to.equal('done');
  });

  it('cannot be used to lock an owner out: not where the owner was seen, nor elsewhere with the first attempt', async () => {
    for (let address = 0; address < 300; address += 1) await fail(2, `198.51.100.${address}`);
    expect(blocks()).to.deep.equal(['password-account']);
    await fail(3);
    expect(await recover(RIGHT)).to.equal('done');
    expect(await recover(RIGHT, '203.0.113.1')).to.equal('done');
    await fail(1, '203.0.113.2');
    expect(await recover(RIGHT, '203.0.113.2')).to.equal('unauthenticated');
    await fail(3, '203.0.113.1');
    expect(await recover(RIGHT, '203.0.113.1')).to.equal('done');
  });

  it('counts no attempt that the hasher was too busy for', async () => {
    const busy = sinon.stub(app.passwords, 'verify').rejects(new AppError('overloaded'));
    for (let count = 0; count < 120; count += 1) expect(await recover(RIGHT)).to.equal('overloaded');
    busy.restore();
    expect(await recover(RIGHT)).to.equal('done');
  });

  it('counts nothing while the database cannot answer, in an outage between the count and the password', async () => {
    const outage = sinon
      .stub(app.clients, 'findCredentialsByEmail')
      .rejects(new AppError('database_unavailable'));
    for (let count = 0; count < 320; count += 1)
      expect(await recover(RIGHT)).to.equal('database_unavailable');
    outage.restore();
    await fail(9);
    expect(await recover(RIGHT)).to.equal('done');
    expect(blocks()).to.deep.equal([]);
  });

  it('takes no check of what it refuses before any password is looked at', async () => {
    for (let account = 0; account < 10; account += 1) await fail(10, OWNERS, `${account}@example.com`);
    for (let count = 0; count < 300; count += 1) expect(await recover(RIGHT)).to.equal('rate_limited');
    expect(new Set(blocks())).to.deep.equal(new Set(['password', 'password-ip']));
  });

  it('stands before the changes that need the current password, too', async () => {
    const { clientId } = await app.signUp('bob@example.com');
    const change = (currentPassword: string) =>
      outcomeOf(
        new UpdateClient(app).execute({
          clientId,
          email: 'b@example.com',
          currentPassword,
          origin: at(OWNERS),
        }),
      );
    for (let count = 0; count < 10; count += 1) expect(await change('wrong')).to.equal('forbidden');
    expect(await change(RIGHT)).to.equal('forbidden');
    expect(await recover(RIGHT, OWNERS, 'bob@example.com')).to.equal('unauthenticated');
    expect(await recover(RIGHT)).to.equal('done');
  });
});
