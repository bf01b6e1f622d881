import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { open } from 'sqlite';
import sqlite3 from 'sqlite3';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { SeededRandom } from '#tests/support/fixtures/seeded-random.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';
import { AccountLedger } from './account-ledger.js';

const SEED = 20_261_123;
const ROUNDS = 50;
const WRITING_ACCOUNTS = 4;
const PASSWORD = 'correct horse battery';

/** A sign-up that was sent; the answer may not have come. */
interface SignUp {
  readonly email: string;
  isAcknowledged: boolean;
}

describe('kill -9 in the middle of writes', function () {
  this.timeout(180_000);

  const random = new SeededRandom(SEED);
  const accounts: AccountLedger[] = [];
  const counts = { acknowledged: 0, unanswered: 0, unansweredDone: 0, roundsWithUnanswered: 0 };
  let folder: TestFolder;
  let server: ServerProcess;
  let names = 0;

  before(async () => {
    folder = await makeTestFolder();
    server = await start();
  });

  after(async () => {
    await server.kill();
    await folder.remove();
  });

  const start = () => ServerProcess.start({ cwd: folder.path, env: { LOG_LEVEL: 'error' } });
  const nextName = () => {
    names += 1;
    return `n${names}`;
  };

  async function signUp(url: string, attempt: SignUp): Promise<void> {
    const { email } = attempt;
    const response = await new ApiClient(url).post('/auth/signup', { email, password: PASSWORD });
    expect(response.status, response.text).to.equal(201);
    accounts.push(new AccountLedger(response.body.client, response.body.apiKey));
    attempt.isAcknowledged = true;
  }

  /** One write after the other on characters. */
  async function writeCharacters(url: string, account: AccountLedger, onWrite: () => void): Promise<never> {
    for (;;) {
      const id = random.pick([...account.characters.keys()]);
      const choice = random.next();
      if (id === undefined || choice < 0.5) {
        await account.createCharacter(
          url,
          nextName(),
          'Ünïcode 🦜 "quoted". '.repeat(random.between(1, 100)),
        );
      } else if (choice < 0.75) await account.patchCharacter(url, id, nextName());
      else await account.deleteCharacter(url, id);
      onWrite();
    }
  }

  /** One write after the other on keys; the account's first key stays. */
  async function writeKeys(url: string, account: AccountLedger, onWrite: () => void): Promise<never> {
    for (;;) {
      const own = [...account.keys.values()].filter(({ name, revoked }) => name !== null && !revoked);
      const key = random.pick(own);
      if (key === undefined || random.next() < 0.6) await account.createKey(url, nextName());
      else await account.revokeKey(url, key);
      onWrite();
    }
  }

  /** Writes from many sides until the process is killed, which happens between two answers. */
  async function writeUntilKilled(url: string): Promise<{ writers: AccountLedger[]; attempt: SignUp }> {
    const kept = accounts.filter(({ state }) => state === 'kept');
    const [leaver, ...writers] = random.sample(
      kept,
      kept.length > WRITING_ACCOUNTS ? WRITING_ACCOUNTS + 1 : 0,
    );
    if (leaver === undefined) writers.push(...kept);
    const attempt: SignUp = { email: `${nextName()}@example.com`, isAcknowledged: false };
    const before = sum(({ acknowledged }) => acknowledged);

    let enough = () => {};
    const killed = new Promise<void>((resolve) => {
      enough = resolve;
    }).then(async () => {
      const waitMs = random.between(-8, 12);
      if (waitMs > 0) await delay(waitMs);
      return server.kill();
    });
    let left = random.between(5, 60);
    const onWrite = () => {
      left -= 1;
      if (left === 0) enough();
    };
    const endings = [
      signUp(url, attempt).then(onWrite),
      ...(leaver !== undefined && random.next() < 0.5 ? [leaver.deleteAccount(url).then(enough)] : []),
      ...writers.flatMap((account) => [
        writeCharacters(url, account, onWrite),
        writeKeys(url, account, onWrite),
      ]),
    ].map((writing) => writing.catch(expectConnectionLost));
    if (writers.length === 0) void Promise.all(endings).then(enough);
    expect(await killed).to.deep.equal({ code: null, signal: 'SIGKILL' });
    await Promise.all(endings);

    counts.acknowledged +=
      sum(({ acknowledged }) => acknowledged) - before + (attempt.isAcknowledged ? 1 : 0);
    const unanswered = sum(({ unansweredCount }) => unansweredCount) + (attempt.isAcknowledged ? 0 : 1);
    counts.unanswered += unanswered;
    if (unanswered > 0) counts.roundsWithUnanswered += 1;
    return { writers: leaver === undefined ? writers : [leaver, ...writers], attempt };
  }

  function expectConnectionLost(error: unknown): void {
    if (!(error instanceof TypeError)) throw error;
  }

  const sum = (read: (account: AccountLedger) => number) =>
    accounts.reduce((total, account) => total + read(account), 0);

  /** An unacknowledged account is whole or not there at all. */
  async function checkSignUp(url: string, { email, isAcknowledged }: SignUp): Promise<void> {
    if (isAcknowledged) return;
    const response = await new ApiClient(url).post('/auth/keys', { email, password: PASSWORD });
    expect(response.status).to.be.oneOf([201, 401]);
    if (response.status === 401) return;
    counts.unansweredDone += 1;
    const me = await new ApiClient(url, response.body.apiKey).get('/api/clients/me');
    expect(me.body.email).to.equal(email);
    const keys = await new ApiClient(url, response.body.apiKey).get('/api/clients/me/keys');
    expect(keys.body.data).to.have.length(2);
  }

  async function checkFile(): Promise<void> {
    const filename = join(folder.path, 'data/fastwrap.db');
    const file = await open({ filename, driver: sqlite3.Database, mode: sqlite3.OPEN_READONLY });
    expect(await file.all('PRAGMA integrity_check')).to.deep.equal([{ integrity_check: 'ok' }]);
    expect(await file.all('PRAGMA foreign_key_check')).to.deep.equal([]);
    await file.close();
  }

  it(`loses nothing that was acknowledged, in ${ROUNDS} rounds`, async () => {
    const startedAt = performance.now();
    for (let round = 0; round < ROUNDS; round += 1) {
      const { writers, attempt } = await writeUntilKilled(await server.url());
      expect(server.stderr).to.equal('');
      server = await start();
      const url = await server.url();
      await checkFile();
      await checkSignUp(url, attempt);
      const others = random.sample(accounts, 3).filter((account) => !writers.includes(account));
      for (const account of [...writers, ...others, ...accounts.slice(-1)]) {
        counts.unansweredDone += await account.check(url);
        await account.authenticate(url, random.sample([...account.keyTexts.keys()], 5));
      }
    }
    const url = await server.url();
    for (const account of accounts) {
      await account.check(url);
      await account.authenticate(url, account.keyTexts.keys());
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    process.stdout.write(
      `    seed ${SEED}, ${seconds} s: ${JSON.stringify(counts)}; at the end ${accounts.length} accounts ` +
        `(${accounts.filter(({ state }) => state === 'deleted').length} deleted), ` +
        `${sum(({ keys }) => keys.size)} keys, ${sum(({ characters }) => characters.size)} characters\n`,
    );
    expect(counts.acknowledged).to.be.greaterThan(500);
    expect(counts.roundsWithUnanswered).to.be.greaterThan(ROUNDS / 2);
  });
});
