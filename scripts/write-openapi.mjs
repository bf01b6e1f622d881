/** `node scripts/write-openapi.mjs`: openapi.json from the controllers. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { completeOpenApi } from './openapi/complete.mjs';

process.chdir(join(import.meta.dirname, '..'));
const { status } = spawnSync(process.execPath, ['node_modules/tsoa/dist/cli.js', 'spec'], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);
await completeOpenApi('openapi.json');
