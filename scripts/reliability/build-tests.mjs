import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** What the scripts of this folder run is written beside the tests, in dist/ after a build. */
export function buildTests() {
  const build = join(import.meta.dirname, '../build.mjs');
  const { status } = spawnSync(process.execPath, [build, '--tests'], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
