/** Plants violations of every boundary rule in a copy of the tree and requires that each is reported, by that rule alone. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { cruise } from './cruise.mjs';

/** Rule → file (under src) → what it imports. */
const PLANTS = {
  'domain-imports-domain-alone': {
    'domain/plant-adapter.ts': ['#src/adapters/system/planted.js'],
    'domain/plant-application.ts': ['#src/application/ports/clock.js'],
    'domain/plant-builtin.ts': ['node:crypto'],
    'domain/plant-infrastructure.ts': ['#src/infrastructure/planted.js'],
    'domain/plant-package.ts': ['uuid'],
    'domain/plant-tests.ts': ['#tests/planted.js'],
  },
  'application-imports-domain-and-application-alone': {
    'application/plant-adapter.ts': ['#src/adapters/system/planted.js'],
    'application/plant-builtin.ts': ['fs'],
    'application/plant-infrastructure.ts': ['#src/infrastructure/planted.js'],
    'application/plant-package.ts': ['zod'],
    'application/plant-tests.ts': ['#tests/planted.js'],
  },
  'adapters-stay-apart': {
    'adapters/http/plant-adapter.ts': ['#src/adapters/system/planted.js'],
    'adapters/memory/plant-relative.ts': ['../system/planted.js'],
  },
  'adapters-live-in-folders': { 'infrastructure/plant-homeless.ts': ['#src/adapters/homeless.js'] },
  'infrastructure-is-imported-by-nobody': {
    'adapters/http/plant-infrastructure.ts': ['#src/infrastructure/planted.js'],
  },
  'src-knows-no-tests': {
    'adapters/http/plant-tests.ts': ['#tests/planted.js'],
    'infrastructure/plant-bench.ts': ['../../bench/planted.js'],
  },
  'vendor-stays-home-sqlite': { 'adapters/http/plant-sqlite.ts': ['sqlite', 'sqlite3'] },
  'vendor-stays-home-langchain': {
    'infrastructure/plant-langchain.ts': [
      '@langchain/core/messages',
      '@langchain/mistralai',
      '@langchain/openai',
      '@mistralai/mistralai',
      'openai',
    ],
  },
  'vendor-stays-home-undici': { 'adapters/http/plant-undici.ts': ['undici'] },
  'vendor-stays-home-langsmith': { 'adapters/langchain/plant-langsmith.ts': ['langsmith'] },
  'vendor-stays-home-cockatiel': { 'adapters/langchain/plant-cockatiel.ts': ['cockatiel'] },
  'vendor-stays-home-bcrypt': { 'adapters/http/plant-bcrypt.ts': ['bcrypt'] },
  'vendor-stays-home-uuid': { 'infrastructure/plant-uuid.ts': ['uuid'] },
  'vendor-stays-home-zxcvbn': { 'infrastructure/plant-zxcvbn.ts': ['@zxcvbn-ts/language-common'] },
  'vendor-stays-home-lru-cache': { 'adapters/http/plant-lru-cache.ts': ['lru-cache'] },
  'vendor-stays-home-eventsource-parser': {
    'adapters/http/plant-eventsource-parser.ts': ['eventsource-parser'],
  },
  'vendor-stays-home-http': {
    'infrastructure/plant-http.ts': [
      '@tsoa/runtime',
      'ajv',
      'cors',
      'express',
      'helmet',
      'ipaddr.js',
      'on-headers',
      'safe-stable-stringify',
      'swagger-ui-dist',
      'tsoa',
    ],
  },
  'vendor-stays-home-inversify': { 'adapters/sqlite/plant-inversify.ts': ['inversify', 'reflect-metadata'] },
  'vendor-stays-home-infrastructure': { 'adapters/http/plant-infrastructure-vendor.ts': ['pino', 'zod'] },
  'vendor-stays-home-redis': { 'infrastructure/plant-redis.ts': ['ioredis'] },
  'vendor-has-a-home': { 'infrastructure/plant-newcomer.ts': ['newcomer'] },
  'no-undeclared-packages': { 'infrastructure/plant-undeclared.ts': ['acorn'] },
  'no-dev-dependencies': { 'infrastructure/plant-dev.ts': ['chai'] },
  'no-unresolvable-imports': { 'infrastructure/plant-unresolvable.ts': ['./no-such-file.js'] },
  'no-circular-imports': { 'domain/plant-circle.ts': ['./planted-circle.js'] },
  'no-orphans': { 'application/plant-orphan.ts': [] },
};

/** What the plants point at: permitted by themselves. */
const SUPPORT = {
  'src/domain/planted-circle.ts': "export type { Planted } from './plant-circle.js';\n",
  'src/adapters/system/planted.ts': 'export interface Planted { readonly id: string }\n',
  'src/adapters/homeless.ts': 'export interface Planted { readonly id: string }\n',
  'src/infrastructure/planted.ts': 'export interface Planted { readonly id: string }\n',
  'tests/planted.ts': 'export interface Planted { readonly id: string }\n',
  'bench/planted.ts': 'export interface Planted { readonly id: string }\n',
};

/** The four ways to import must all count. */
const FORMS = [
  (name) => `import '${name}';\n`,
  (name) => `import type * as planted from '${name}';\nexport type Planted = typeof planted;\n`,
  (name) => `export * from '${name}';\n`,
  (name) => `export const planted = async () => import('${name}');\n`,
];

function put(root, path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A copy whose packages are the real ones, and empty stand-ins for those that are not installed yet. */
function copyTree(root) {
  for (const path of ['src', '.dependency-cruiser.cjs', 'scripts/cruise-resolution.cjs']) {
    cpSync(path, join(root, path), { recursive: true });
  }
  mkdirSync(join(root, 'node_modules'));
  const scoped = (path) => readdirSync(path).map((name) => join(path, name));
  const entries = scoped('node_modules').flatMap((path) => (/\/@[^/]+$/.test(path) ? scoped(path) : [path]));
  for (const path of entries) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(resolve(path), join(root, path));
  }
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const vendors = Object.entries(PLANTS)
    .filter(([rule]) => rule.startsWith('vendor-'))
    .flatMap(([, files]) => Object.values(files).flat())
    .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)[0]);
  for (const name of vendors) {
    delete manifest.devDependencies[name];
    manifest.dependencies[name] ??= '*';
    if (entries.includes(join('node_modules', name))) continue;
    put(
      root,
      `node_modules/${name}/package.json`,
      JSON.stringify({ name, version: '0.0.0', main: 'main.js' }),
    );
    put(root, `node_modules/${name}/main.js`, '');
  }
  put(root, 'package.json', JSON.stringify(manifest));
}

/** One file for each import and form, so that no violation can hide behind another. */
function plant(root) {
  const expected = [];
  for (const [rule, files] of Object.entries(PLANTS)) {
    for (const [path, imports] of Object.entries(files)) {
      const variants = imports.flatMap((name) => FORMS.map((form) => form(name)));
      const texts = rule === 'no-circular-imports' ? [FORMS[1](imports[0])] : variants;
      for (const [index, text] of (texts.length === 0 ? ['export {};\n'] : texts).entries()) {
        const file = `src/${index === 0 ? path : path.replace('.ts', `-${index}.ts`)}`;
        put(root, file, text);
        expected.push({ rule, file });
      }
    }
  }
  return expected;
}

function report(expected, violations) {
  const rules = createRequire(import.meta.url)(resolve('.dependency-cruiser.cjs')).forbidden.map(
    ({ name }) => name,
  );
  let failures = 0;
  for (const rule of rules) {
    const planted = expected.filter((plant) => plant.rule === rule);
    const missed = planted.filter(({ file }) => {
      const found = new Set(
        violations.filter(({ from }) => from === file).map((violation) => violation.rule),
      );
      return found.size !== 1 || !found.has(rule);
    });
    const good = planted.length > 0 && missed.length === 0;
    process.stdout.write(
      `${good ? 'caught' : 'MISSED'}  ${rule} (${planted.length - missed.length} of ${planted.length})\n`,
    );
    for (const { file } of missed) {
      const found = violations.filter(({ from }) => from === file).map((violation) => violation.rule);
      process.stdout.write(`        ${file}: ${found.join(', ') || 'nothing was reported'}\n`);
    }
    failures += good ? 0 : 1;
  }
  for (const rule of Object.keys(PLANTS).filter((name) => !rules.includes(name))) {
    process.stdout.write(`MISSED  ${rule}: planted, but there is no such rule\n`);
    failures += 1;
  }
  const innocent = violations.filter(({ from }) => !expected.some(({ file }) => file === from));
  for (const { rule, from, to } of innocent) {
    process.stdout.write(`WRONG   ${rule}: ${from} → ${to} was not planted\n`);
  }
  return failures + innocent.length;
}

const root = mkdtempSync(join(tmpdir(), 'fastwrap-boundaries-'));
try {
  copyTree(root);
  const expected = plant(root);
  for (const [path, text] of Object.entries(SUPPORT)) put(root, path, text);
  process.exitCode = report(expected, cruise(root).violations) > 0 ? 1 : 0;
} finally {
  rmSync(root, { recursive: true, force: true });
}
