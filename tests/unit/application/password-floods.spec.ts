import { expect } from 'chai';
import sinon from 'sinon';
import { PasswordAttempts } from '#src/application/clients/password-attempts.js';
import { RecoverAccess } from '#src/application/clients/recover-access.js';
import { SignUp } from '#src/application/clients/sign-up.js';
import { SlowPasswordHasher } from '#tests/support/fakes/slow-password-hasher.js';
import { ORIGIN, outcomeOf, UseCaseFixture } from '#tests/support/fixtures/use-case-fixture.js';

const RIGHT = 'correct horse battery';
const ATTACKS_PER_SECOND = 45;
const SECONDS = 20;
const TICK_MS = 5;

describe('a flood of passwords', () => {
  let app: UseCaseFixture;
  let timers: sinon.SinonFakeTimers;
  let recovery: RecoverAccess;
  let signingUp: SignUp;

  const at = (address: string) => ({ ...ORIGIN, address, rateLimitAddress: address });
  const recover = (email: string, address: string, password = RIGHT) =>
    outcomeOf(recovery.execute({ email, password, origin: at(address) }));
  const signUp = (email: string, address: string) =>
    outcomeOf(signingUp.execute({ email, password: RIGHT, origin: at(address) }));

  beforeEach(async () => {
    app = new UseCaseFixture();
    for (let number = 0; number < 10; number += 1) await app.signUp(`owner${number}@example.com`);
    for (let number = 0; number < 50; number += 1) await app.signUp(`evil${number}@example.com`);
    const slow = { ...app, passwords: new SlowPasswordHasher() };
    recovery = new RecoverAccess({ ...slow, passwordAttempts: new PasswordAttempts(slow) });
    signingUp = new SignUp(slow);
    timers = sinon.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    app.close();
    timers.restore();
  });

  /** @returns what became of the attack, and of a login and a sign-up of somebody else in each second. */
  async function flood(attack: (index: number) => Promise<string>) {
    const attacks: Promise<string>[] = [];
    const honest: Promise<string>[] = [];
    for (let elapsedMs = 0; elapsedMs < SECONDS * 1000; elapsedMs += TICK_MS) {
      while (attacks.length < (elapsedMs / 1000) * ATTACKS_PER_SECOND) attacks.push(attack(attacks.length));
      if (elapsedMs % 1000 === 500) {
        const second = (elapsedMs - 500) / 1000;
        honest.push(recover(`owner${1 + (second % 9)}@example.com`, `192.0.2.${second}`));
        honest.push(signUp(`new${second}@example.com`, `198.51.100.${second}`));
      }
      await timers.tickAsync(TICK_MS);
    }
    await timers.tickAsync(60_000);
    return { attacks: await Promise.all(attacks), honest: new Set(await Promise.all(honest)) };
  }

  for (const limit of [0, 10]) {
    const kind = limit === 0 ? 'without limits' : 'within the limits that are the default';
    for (const [name, attack] of [
      ['right passwords of one account', () => recover('evil0@example.com', '203.0.113.1')],
      [
        'right passwords of one account from many addresses',
        (index: number) => recover('evil0@example.com', `203.0.113.${index % 200}`),
      ],
      [
        'right passwords of many accounts from one address',
        (index: number) => recover(`evil${index % 50}@example.com`, '203.0.113.1'),
      ],
      [
        'wrong passwords of one account from many addresses',
        (index: number) => recover('owner0@example.com', `203.0.113.${index % 200}`, 'wrong'),
      ],
      ['sign-ups from one address', (index: number) => signUp(`more${index}@example.com`, '203.0.113.1')],
    ] as const) {
      it(`holds up nobody else: ${name}, ${kind}`, async () => {
        app.limits.passwordsPer15Minutes = limit;
        const { attacks, honest } = await flood(attack);
        expect(honest).to.deep.equal(new Set(['done']));
        expect(new Set(attacks)).not.to.deep.equal(new Set(['done']));
      });
    }
  }

  it('does not hold up the owner of the account that is guessed at, where the owner was seen before', async () => {
    const owner: Promise<string>[] = [];
    await flood((index) => {
      if (index % ATTACKS_PER_SECOND === 1)
        owner.push(recover('owner0@example.com', ORIGIN.rateLimitAddress));
      return recover('owner0@example.com', `203.0.${index >> 8}.${index & 255}`, 'wrong');
    });
    const outcomes = await Promise.all(owner);
    // Until the account is limited, its owner shares its turns with whoever guesses.
    expect(outcomes.slice(5)).to.deep.equal(Array(SECONDS - 5).fill('done'));
  });

  it('receives a limit error once it has had its share', async () => {
    const { attacks } = await flood(() => recover('evil0@example.com', '203.0.113.1'));
    const isChecked = (outcome: string) => outcome === 'done' || outcome === 'unauthenticated';
    expect(attacks.filter(isChecked)).to.have.length(100);
    expect(attacks.at(-1)).to.equal('rate_limited');
  });
});
