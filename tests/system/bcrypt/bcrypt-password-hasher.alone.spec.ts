import bcrypt from 'bcrypt';
import { expect } from 'chai';
import sinon from 'sinon';
import { BcryptPasswordHasher } from '#src/adapters/bcrypt/bcrypt-password-hasher.js';
import { AppError } from '#src/domain/errors.js';
import { PARTY, passwordHasherContract } from '#tests/contracts/password-hasher.contract.js';
import { FastPasswordHasher } from '#tests/support/fakes/fast-password-hasher.js';

const pepper = new Uint8Array(32).fill(7);

passwordHasherContract({ name: 'bcrypt', create: () => new BcryptPasswordHasher({ pepper }) });
passwordHasherContract({ name: 'fast, for tests', create: () => new FastPasswordHasher() });

describe('BcryptPasswordHasher', () => {
  afterEach(() => sinon.restore());

  async function fastestMs(work: () => Promise<unknown>): Promise<number> {
    let fastest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i += 1) {
      const begun = performance.now();
      await work();
      fastest = Math.min(fastest, performance.now() - begun);
    }
    return fastest;
  }

  it('writes bcrypt hashes of the cost that was asked for', async () => {
    const form = (cost: number) => new RegExp(`^\\$2b\\$${cost}\\$[./0-9A-Za-z]{53}$`);
    expect(await new BcryptPasswordHasher({ pepper }).hash('correct horse', PARTY)).to.match(form(10));
    expect(await new BcryptPasswordHasher({ pepper, cost: 11 }).hash('correct horse', PARTY)).to.match(
      form(11),
    );
  });

  it('refuses costs that are out of bounds', () => {
    for (const cost of [4, 9, 15, 10.5, Number.NaN]) {
      expect(() => new BcryptPasswordHasher({ pepper, cost })).to.throw(RangeError, '10 to 14');
    }
  });

  it('is worth nothing without the pepper', async () => {
    const hash = await new BcryptPasswordHasher({ pepper }).hash('correct horse', PARTY);
    const other = new BcryptPasswordHasher({ pepper: new Uint8Array(32).fill(8) });
    expect(await other.verify('correct horse', hash, PARTY)).to.equal(false);
  });

  it('compares with a dummy of its own cost where there is no account', async () => {
    const compare = sinon.spy(bcrypt, 'compare');
    await new BcryptPasswordHasher({ pepper, cost: 11 }).verify('wrong horse', null, PARTY);
    const dummy = compare.firstCall.args[1].toString();
    expect(dummy).to.match(/^\$2b\$11\$[./0-9A-Za-z]{53}$/);
  });

  it('takes as long where there is no account as where there is one', async () => {
    const hasher = new BcryptPasswordHasher({ pepper });
    const hash = await hasher.hash('correct horse', PARTY);
    const known = await fastestMs(() => hasher.verify('wrong horse', hash, PARTY));
    const unknown = await fastestMs(() => hasher.verify('wrong horse', null, PARTY));
    expect(unknown / known).to.be.within(0.4, 2.5);
  });

  it('refuses a flood beyond its queue, hashes and verifications together, and works on afterwards', async () => {
    const hasher = new BcryptPasswordHasher({ pepper, maxConcurrent: 1, maxWaiting: 2 });
    const flood = Array.from({ length: 5 }, () => [
      hasher.hash('correct horse', PARTY),
      hasher.verify('wrong horse', null, PARTY),
    ]).flat();
    const results = await Promise.allSettled(flood);
    const errors = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
    expect(errors).to.have.length(7);
    for (const error of errors) {
      expect(error).to.be.instanceOf(AppError).with.property('code', 'overloaded');
    }
    const hash = await hasher.hash('correct horse', PARTY);
    expect(await hasher.verify('correct horse', hash, PARTY)).to.equal(true);
  });
});
