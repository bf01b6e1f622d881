import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import { logIn, openAccount, PASSWORD } from '../account.js';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { exactly, type Figure } from '../figure.js';

const SHOWN = 3;

async function run(arena: Arena): Promise<readonly Figure[]> {
  const target = await arena.startService({ env: NO_LIMITS });
  const rounds = arena.quick(5, 20);
  const faults: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { email, api } = await openAccount(target.api, `race-${round}`);
    const passwords = ['first new password', 'second new password'];
    const answers = await Promise.all(
      passwords.map((newPassword) =>
        api.patch('/api/clients/me', { newPassword, currentPassword: PASSWORD }),
      ),
    );
    const accepted = passwords.filter((_, index) => answers[index]?.status === 200);
    const opening: string[] = [];
    for (const password of [...passwords, PASSWORD]) {
      if ((await logIn(target.api, email, password)).status === 201) opening.push(password);
    }
    if (accepted.length !== 1 || opening.length !== 1 || opening[0] !== accepted[0]) {
      faults.push(`${accepted.length} accepted, ${opening.length} open`);
    }
  }
  return [
    exactly(
      `two password changes at once, rounds of ${rounds} without one winner`,
      faults.slice(0, SHOWN),
      [],
    ),
    ...(await emailAndPassword(arena, rounds)),
  ];
}

/** A change of the email and one of the password, each with the password of before: whatever was accepted holds. */
async function emailAndPassword(arena: Arena, rounds: number): Promise<Figure[]> {
  const target = await arena.startService({ env: NO_LIMITS });
  const faults: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { email, api } = await openAccount(target.api, `both-${round}`);
    const currentPassword = PASSWORD;
    const [byEmail, byPassword] = await Promise.all([
      api.patch('/api/clients/me', { email: `moved-${email}`, currentPassword }),
      api.patch('/api/clients/me', { newPassword: 'another password', currentPassword }),
    ]);
    const newEmail = byEmail.status === 200 ? `moved-${email}` : email;
    const newPassword = byPassword.status === 200 ? 'another password' : PASSWORD;
    const { status } = await logIn(target.api, newEmail, newPassword);
    if (status !== 201) faults.push(`${byEmail.status} and ${byPassword.status}, then ${status}`);
  }
  return [
    exactly(
      `email and password at once, rounds of ${rounds} whose outcome does not hold`,
      faults.slice(0, SHOWN),
      [],
    ),
  ];
}

export const passwordRace: Family = {
  name: 'password-race',
  about: 'two changes of password, or of email and password, at once, round after round',
  run,
};
