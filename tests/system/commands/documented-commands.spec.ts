import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { documents, readDocument } from '#tests/system/readme/documents.js';
import { REPOSITORY, shellExamples, TALKS_TO_THE_SERVER } from '#tests/system/readme/shell-examples.js';

const COMMANDS = 'tests/system/commands/commands.alone.spec.ts';
const README = 'tests/system/readme/readme.spec.ts';
const FIRST_STEPS = 'tests/system/scripts/first-steps.spec.ts';
const WATCH = 'tests/system/scripts/watch.spec.ts';
const CONTAINER = 'scripts/prove-container.mjs';
const CI = '.ci/run';
const CHECK = 'package.json';

/** Each command that is shown: what runs it, or what it stands for, and the words there that do. */
const RUN_BY: Readonly<Record<string, readonly [file: string, words: string]>> = {
  '.ci/run': [CI, 'npm run check'],
  'curl -s http://127.0.0.1:8555/health': [CI, 'scripts/smoke.mjs'],
  'docker compose cp': [CONTAINER, 'dist/src/infrastructure/'],
  'docker compose exec': [CONTAINER, "operate('backup')"],
  'docker compose run': [CONTAINER, "operate('restore')"],
  'docker compose start': [CONTAINER, 'spawn(node, command'],
  'docker compose stop': [CONTAINER, "kill('SIGTERM')"],
  'docker compose up': [FIRST_STEPS, 'docker-compose.yml'],
  'node --max-old-space-size=1024 dist/src/infrastructure/main.js': [CONTAINER, 'command.slice(1)'],
  'node dist/bench/main.js': [COMMANDS, "'bench'"],
  'node dist/bench/profile.js': [COMMANDS, 'dist/bench/profile.js'],
  'node scripts/build.mjs': [CHECK, '"typecheck": "node scripts/build.mjs --tests"'],
  'node scripts/house-figures.mjs': [CHECK, 'scripts/house-figures.mjs --bound'],
  'node scripts/measure-start.mjs': [COMMANDS, 'scripts/measure-start.mjs'],
  'node scripts/reliability/attack.mjs': [COMMANDS, 'scripts/reliability/attack.mjs'],
  'node scripts/reliability/cluster.mjs': [COMMANDS, 'scripts/reliability/cluster.mjs'],
  'node scripts/reliability/drill.mjs': [CI, 'scripts/reliability/drill.mjs'],
  'node scripts/reliability/history-checker.mjs': [COMMANDS, 'scripts/reliability/history-checker.mjs'],
  'node scripts/reliability/mutants.mjs': [COMMANDS, 'scripts/reliability/mutants.mjs'],
  'node scripts/reliability/sentinel.mjs': [COMMANDS, 'scripts/reliability/sentinel.mjs'],
  'npm ci': [CI, 'npm ci'],
  'npm run backup': [COMMANDS, "'backup'"],
  'npm run bench': [COMMANDS, "'bench'"],
  'npm run bench:logins': [COMMANDS, "'bench:logins'"],
  'npm run boundaries': [CHECK, '&& npm run boundaries'],
  'npm run build': ['Dockerfile', 'RUN npm run build'],
  'npm run check': [CI, 'npm run check'],
  'npm run configuration': [COMMANDS, "'configuration'"],
  'npm run configuration:check': [CHECK, '&& npm run configuration:check'],
  'npm run container:check': [CHECK, '&& npm run container:check'],
  'npm run dev': [WATCH, "'serve'"],
  'npm run format': [COMMANDS, "'format'"],
  'npm run lint': [CHECK, '"check": "npm run lint'],
  'npm run openapi': [COMMANDS, "'openapi'"],
  'npm run openapi:check': [CHECK, '&& npm run openapi:check'],
  'npm run openapi:lint': [CHECK, '&& npm run openapi:lint'],
  'npm run prove:container': [CI, 'scripts/prove-container.mjs'],
  'npm run restore': [COMMANDS, "'restore'"],
  'npm run smoke': [CI, 'scripts/smoke.mjs'],
  'npm run test:system': [CHECK, '&& npm run test:system'],
  'npm run test:watch': [WATCH, "'test'"],
  'npm run typecheck': [CHECK, '&& npm run typecheck'],
  'npm start': [README, 'NpmStart'],
  'npm test': [CHECK, '&& npm test'],
  'npm version': [COMMANDS, "npm('version'"],
};

/** Lines that are no commands of ours: they write the `.env` whose recipe is run as it stands. */
const OF_THE_RECIPE = /^(?:\(umask|printf|echo|cat >>)/;
const INLINE = /`((?:(?:npm|npx|node|docker) |\.ci\/run)[^`\n]*)`/g;
const FENCED = /^(`{3,})[^\n]*\n.*?^\1$/gms;

/** Those of a block of shell, without comments, variables and bodies of here-documents. */
function commandsOf(script: string): string[] {
  return script
    .replaceAll(/ <<(\w+)\n.*?^\1$/gms, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => !OF_THE_RECIPE.test(line))
    .flatMap((line) => line.replace(/(?:^|\s+)#.*/, '').split(' && '))
    .map((command) => command.replace(/^(?:[A-Z_]+=\S+ )+/, ''))
    .filter((command) => command !== '');
}

/** Without what varies from use to use. */
function nameOf(command: string): string {
  const patterns = [
    /^(?:npm run|docker compose) [\w:-]+/,
    /^npm [\w:-]+/,
    /^node (?:--\S+ )*\S+/,
    /^\.ci\/run/,
  ];
  for (const pattern of patterns) {
    const [name] = pattern.exec(command) ?? [];
    if (name !== undefined) return name;
  }
  return command;
}

function documented(): Set<string> {
  // The log of changes names what was there at its time.
  const paths = documents().filter((path) => path !== 'CHANGELOG.md');
  const fenced = paths
    .flatMap(shellExamples)
    // What talks to a server is run as it stands, from top to bottom (tests/system/readme).
    .filter(({ script }) => !TALKS_TO_THE_SERVER.test(script))
    .flatMap(({ script }) => commandsOf(script));
  const inline = paths
    .map((path) => readDocument(path).replaceAll(FENCED, ''))
    .flatMap((text) => [...text.matchAll(INLINE)].flatMap(([, command = '']) => commandsOf(command)));
  const { scripts } = JSON.parse(readDocument('package.json'));
  const ours = Object.keys(scripts)
    .filter((name) => !(name.startsWith('pre') && name.slice('pre'.length) in scripts))
    .map((name) => (name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`));
  return new Set([...fenced, ...inline, ...ours].map(nameOf));
}

describe('Every command of the documents and of package.json', () => {
  it('is run by a test, by a script or by CI', () => {
    expect([...documented()].filter((name) => !(name in RUN_BY)).sort()).to.deep.equal([]);
  });

  it('is run where this says so', () => {
    const elsewhere = Object.entries(RUN_BY).filter(
      ([, [file, words]]) => !readFileSync(new URL(file, REPOSITORY), 'utf8').includes(words),
    );
    expect(elsewhere).to.deep.equal([]);
  });

  it('is still shown: this says nothing of others', () => {
    const shown = documented();
    expect(Object.keys(RUN_BY).filter((name) => !shown.has(name))).to.deep.equal([]);
  });
});
