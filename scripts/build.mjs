/**
 * `node scripts/build.mjs [--tests]`: routes and openapi.json from the controllers, then dist/ from src (and tests, bench).
 * Does nothing when nothing changed since; otherwise begins with an empty dist/src, so that nothing stale is left to run.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const STAMP = 'dist/.build-stamp';
const ROUTES = 'src/adapters/http/openapi/generated/routes.ts';
const ENTRY = 'dist/src/infrastructure/main.js';
const SETTINGS = [
  'package.json',
  'package-lock.json',
  'scripts/build.mjs',
  'tsconfig.build.json',
  'tsconfig.json',
  'tsoa.json',
];

process.chdir(join(import.meta.dirname, '..'));

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== ROUTES)
    .sort();
}

function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const content = readFileSync(path);
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** What dist/ was built from; nothing, when somebody else has written there since. */
function readStamp() {
  if (![STAMP, ROUTES, ENTRY, 'openapi.json'].every(existsSync)) return {};
  const builtAtMs = statSync(STAMP).mtimeMs;
  const outputs = [...filesUnder('dist/src'), ...filesUnder('dist/tests'), ...filesUnder('dist/bench')];
  if (outputs.some((path) => statSync(path).mtimeMs > builtAtMs)) return {};
  return JSON.parse(readFileSync(STAMP, 'utf8'));
}

function run(program, ...args) {
  const { status } = spawnSync(process.execPath, [join('node_modules', program), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}

/** The routes use our template service in place of tsoa's. */
function leaveBodiesToUs() {
  const theirs = "import {  fetchMiddlewares, ExpressTemplateService } from '@tsoa/runtime';";
  const ours =
    "import { fetchMiddlewares } from '@tsoa/runtime';\n" +
    "import { CheckedBodyTemplateService as ExpressTemplateService } from './../checked-body-template-service.js';";
  const routes = readFileSync(ROUTES, 'utf8');
  if (!routes.includes(theirs)) {
    process.stderr.write('build: the routes that tsoa generates have another form than expected\n');
    process.exit(1);
  }
  // tsoa's template declares less than strict TypeScript asks for.
  writeFileSync(ROUTES, `// @ts-nocheck\n${routes.replace(theirs, ours)}`);
}

const withTests = process.argv.includes('--tests');
const wanted = {
  src: fingerprint([...SETTINGS.filter(existsSync), ...filesUnder('scripts/openapi'), ...filesUnder('src')]),
  tests: withTests ? fingerprint([...filesUnder('tests'), ...filesUnder('bench')]) : undefined,
};
const built = readStamp();

if (built.src === wanted.src && (!withTests || built.tests === wanted.tests)) {
  process.stdout.write('build: up to date\n');
} else {
  if (!existsSync('node_modules/tsoa') || !existsSync('node_modules/typescript')) {
    process.stderr.write('build: the development packages are missing; run npm ci --include=dev first\n');
    process.exit(1);
  }
  const startedAt = performance.now();
  const stale = [
    'src',
    ...(withTests ? ['tests', 'bench'] : []),
    '.tsbuildinfo',
    '.tsbuildinfo-src',
    '.build-stamp',
  ];
  for (const name of stale) rmSync(join('dist', name), { recursive: true, force: true });
  process.stdout.write('build: routes and openapi.json from the controllers\n');
  run('tsoa/dist/cli.js', 'spec-and-routes');
  // It needs the development packages, which the check above has found.
  const { completeOpenApi } = await import('./openapi/complete.mjs');
  await completeOpenApi('openapi.json');
  leaveBodiesToUs();
  process.stdout.write(
    `build: types of src${withTests ? ', tests and bench' : ''}, and JavaScript into dist/\n`,
  );
  run('typescript/bin/tsc', '-p', withTests ? 'tsconfig.json' : 'tsconfig.build.json');
  mkdirSync('dist', { recursive: true });
  for (const path of filesUnder('src').filter((name) => name.endsWith('.lua')))
    cpSync(path, join('dist', path));
  writeFileSync(STAMP, JSON.stringify(wanted));
  process.stdout.write(`build: done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
}
