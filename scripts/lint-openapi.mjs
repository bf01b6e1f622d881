/** openapi.json by Redocly's and by Spectral's rules. Both work offline; neither is let to tell of itself or ask for updates. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const LINTERS = [
  ['@redocly/cli/bin/cli.js', 'lint', 'openapi.json'],
  ['@stoplight/spectral-cli/dist/index.js', 'lint', 'openapi.json', '--fail-severity=warn'],
];
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

process.chdir(join(import.meta.dirname, '..'));
for (const [program, ...args] of LINTERS) {
  const { status } = spawnSync(process.execPath, [join('node_modules', program), ...args], {
    env: { ...process.env, ...QUIET },
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
