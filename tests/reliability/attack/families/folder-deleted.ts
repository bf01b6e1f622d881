import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { countStatuses, PASSWORD } from '../account.js';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { until } from '../until.js';

const NOTICED_WITHIN_MS = 15_000;
const SIGN_UPS = 5;

async function run(arena: Arena): Promise<readonly Figure[]> {
  const target = await arena.startService();
  await target.api.signUp();
  await rm(join(target.folder, 'data'), { recursive: true });
  const noticedMs = await until(
    async () => (await target.api.get('/health')).body.status === 'down',
    NOTICED_WITHIN_MS,
  );
  const answers = [];
  for (let i = 0; i < SIGN_UPS; i += 1) {
    answers.push(
      await target.api.post('/auth/signup', { email: `lost-${i}@example.com`, password: PASSWORD }),
    );
  }
  return [
    atMost('/health says down after', noticedMs / 1000, NOTICED_WITHIN_MS / 1000, 's'),
    exactly('sign-ups from then on', countStatuses(answers), { 503: SIGN_UPS }),
  ];
}

export const folderDeleted: Family = {
  name: 'folder-deleted',
  about: 'the data folder is deleted while the service runs',
  run,
};
