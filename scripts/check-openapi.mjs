/** Fails when the committed openapi.json is not what the controllers say. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completeOpenApi } from './openapi/complete.mjs';

process.chdir(join(import.meta.dirname, '..'));
const folder = mkdtempSync(join(tmpdir(), 'fastwrap-openapi-'));
try {
  const settings = JSON.parse(readFileSync('tsoa.json', 'utf8'));
  settings.spec.outputDirectory = folder;
  writeFileSync(join(folder, 'tsoa.json'), JSON.stringify(settings));
  const args = ['node_modules/tsoa/dist/cli.js', 'spec', '-c', join(folder, 'tsoa.json')];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error('tsoa failed');
  await completeOpenApi(join(folder, 'openapi.json'));
  const fresh = readFileSync(join(folder, 'openapi.json'), 'utf8').split('\n');
  const committed = readFileSync('openapi.json', 'utf8').split('\n');
  const line = fresh.findIndex((text, index) => text !== committed[index]);
  const same = line === -1 && fresh.length === committed.length;
  if (!same) {
    const at = line === -1 ? fresh.length : line;
    process.stdout.write(`openapi.json is out of date from line ${at + 1} on: run npm run openapi\n`);
    process.stdout.write(`- ${committed[at]?.trim()}\n+ ${fresh[at]?.trim()}\n`);
  } else {
    process.stdout.write('openapi.json: up to date\n');
  }
  process.exitCode = same ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
