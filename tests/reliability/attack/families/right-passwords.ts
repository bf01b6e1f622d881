import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { type Account, logIn, openAccount, PASSWORD } from '../account.js';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { atLeast, atMost, exactly, type Figure } from '../figure.js';

const PER_SECOND = 45;
const HONEST = 12;
const ATTACKER = '127.0.0.2';
const BETWEEN_HONEST_MS = 700;

async function run(arena: Arena): Promise<readonly Figure[]> {
  const target = await arena.startService();
  const attacker = await openAccount(target.api, 'attacker');
  const honest: Account[] = [];
  for (let i = 0; i < HONEST; i += 1) honest.push(await openAccount(target.api, `honest-${i}`));

  const flood = new Flood(target.url, attacker.email);
  await delay(1000);
  const failures: string[] = [];
  let slowestMs = 0;
  const attempt = async (what: string, call: () => Promise<{ status: number }>) => {
    const startedAt = performance.now();
    const { status } = await call();
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    if (status !== 201) failures.push(`${what} ${status}`);
    await delay(BETWEEN_HONEST_MS);
  };
  for (const { email } of honest) await attempt('login', () => logIn(target.api, email));
  await attempt('sign-up', () =>
    target.api.post('/auth/signup', { email: 'new@example.com', password: PASSWORD }),
  );
  const sent = await flood.stop();
  return [
    atLeast('logins of the attacker', sent, 200),
    exactly(`honest logins and sign-ups refused, of ${HONEST + 1}`, failures, []),
    atMost('the slowest of them', slowestMs, 3000, 'ms'),
  ];
}

/** Logs in with the right password at a steady rate, below the limit of one address. */
class Flood {
  readonly #pool: Pool;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay: Promise<void>[] = [];

  constructor(url: string, email: string) {
    this.#pool = new Pool(url, { connections: 256, localAddress: ATTACKER });
    const body = JSON.stringify({ email, password: PASSWORD });
    this.#timer = setInterval(() => this.#underWay.push(this.#send(body)), 1000 / PER_SECOND);
  }

  /** @returns how many it has sent. */
  async stop(): Promise<number> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    await this.#pool.close();
    return this.#underWay.length;
  }

  async #send(body: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const answer = await this.#pool.request({ method: 'POST', path: '/auth/keys', headers, body });
    await answer.body.dump();
  }
}

export const rightPasswords: Family = {
  name: 'right-passwords',
  about: 'one account logs in 45 times a second with its right password',
  run,
};
