import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import { countStatuses, logIn, openAccount, PASSWORD } from '../account.js';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { exactly, type Figure } from '../figure.js';
import type { Target } from '../target.js';

const SIGN_UPS = 100;
/** docs/api/chat.md and contract: so many keys of an account let somebody in. */
const MAX_KEYS = 100;
const UNICODE = 'owner@b\u00fccher.example';
const PUNYCODE = 'owner@xn--bcher-kva.example';

async function run(arena: Arena): Promise<readonly Figure[]> {
  const target = await arena.startService({ env: NO_LIMITS });
  return [
    ...(await sameEmail(target, arena.quick(20, SIGN_UPS))),
    await twoSpellings(target),
    await revokedByEachOther(target, arena.quick(5, 20)),
    ...(await keysAtTheBound(target)),
  ];
}

/** The queue for hashes is short, so that most are put off: whoever is let in, is one. */
async function sameEmail(target: Target, count: number): Promise<Figure[]> {
  const body = { email: 'one@example.com', password: PASSWORD };
  const answers = await Promise.all(
    Array.from({ length: count }, () => target.api.post('/auth/signup', body)),
  );
  const counts = countStatuses(answers);
  const others = Object.keys(counts).filter((status) => !['201', '409', '503'].includes(status));
  return [
    exactly(`${count} sign-ups with one email at once: accounts`, counts[201], 1),
    exactly('other answers than 201, 409 and 503', others, []),
  ];
}

async function twoSpellings(target: Target): Promise<Figure> {
  const answers = [];
  for (const email of [UNICODE, PUNYCODE]) {
    answers.push((await target.api.post('/auth/signup', { email, password: PASSWORD })).status);
  }
  return exactly('one email in Unicode and in punycode', answers, [201, 409]);
}

async function revokedByEachOther(target: Target, rounds: number): Promise<Figure> {
  const faults: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { api } = await openAccount(target.api, `revoke-${round}`);
    const second = await api.post('/api/clients/me/keys', {});
    const others = api.withKey(second.body.apiKey);
    const { body } = await api.get('/api/clients/me/keys');
    const firstId: string = body.data.find(({ id }: { id: string }) => id !== second.body.id).id;
    const answers = await Promise.all([
      api.delete(`/api/clients/me/keys/${second.body.id}`),
      others.delete(`/api/clients/me/keys/${firstId}`),
    ]);
    const after = await Promise.all([api.get('/api/clients/me'), others.get('/api/clients/me')]);
    const opening = after.filter(({ status }) => status === 200).length;
    const revoked = answers.filter(({ status }) => status === 204).length;
    if (opening !== 1 || revoked !== 1) faults.push(`${revoked} revoked, ${opening} open`);
  }
  return exactly(
    `two keys revoked by each other at once, rounds of ${rounds} that do not leave one`,
    faults,
    [],
  );
}

/** A guess pushes no key out; a recovery at the bound pushes out one that was never used. */
async function keysAtTheBound(target: Target): Promise<Figure[]> {
  const { email, api } = await openAccount(target.api, 'bound');
  await api.get('/api/clients/me');
  while ((await api.post('/api/clients/me/keys', {})).status === 201);
  const usable = async () => {
    const { body } = await api.get('/api/clients/me/keys');
    return body?.data?.filter(({ revokedAt }: { revokedAt: string | null }) => revokedAt === null).length;
  };
  const atTheBound = await usable();
  for (let i = 0; i < 10; i += 1) await logIn(target.api, email, `wrong password ${i}`);
  const afterGuesses = await usable();
  const recovery = await logIn(target.api, email);
  return [
    exactly('keys at the bound', atTheBound, MAX_KEYS),
    exactly('keys after ten guesses', afterGuesses, MAX_KEYS),
    exactly('a recovery at the bound', recovery.status, 201),
    exactly('the key in use still lets in', (await api.get('/api/clients/me')).status, 200),
  ];
}

export const accounts: Family = {
  name: 'accounts',
  about: 'sign-ups with one email at once and in two spellings, keys that revoke each other, keys pushed out',
  run,
};
