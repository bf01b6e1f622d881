/**
 * `node scripts/test.mjs [specs] [options of mocha]`: the specs that may run beside each other, one process per core; then,
 * one after the other, those that need the machine to themselves (`*.alone.spec.ts`): they bound milliseconds, compare
 * times or memory, or load the machine. The last line counts the tests of both, for `.ci/run`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, normalize } from 'node:path';

const SPECS = 'dist/tests';
/** They begin first: one that begins last keeps one core busy, and the others wait for it. */
const LONGEST = [
  'durability/kill',
  'gateway/fault-matrix',
  'adapters/redis/redis-conversation-cache',
  'adapters/redis/shared-turns',
  'infrastructure/start',
  'reliability/history-checker',
  'egress/egress',
  'budget/budgets',
].map((name) => join(SPECS, `${name}.spec.js`));

/** One for each core; but no two at a time that empty the Redis which they are told to take. */
const jobs = process.env.TEST_REDIS_URL === undefined ? Math.max(2, availableParallelism()) : 1;

process.chdir(join(import.meta.dirname, '..'));

const isSpec = (path) => /\.spec\.[jt]s$/.test(path);
const args = process.argv.slice(2);
const wanted = args.filter(isSpec).map((path) => normalize(path).replace(/\.ts$/, '.js'));
const options = args.filter((arg) => !isSpec(arg));
const isWhole = args.length === 0;

/** What was asked for, or all. */
function findSpecs() {
  const all = readdirSync(SPECS, { recursive: true }).map((path) => join(SPECS, path));
  const missing = LONGEST.filter((path) => !all.includes(path));
  if (missing.length > 0) throw new Error(`there is no ${missing}: mend LONGEST in scripts/test.mjs`);
  const isNamed = (path, name) => `/${path}`.endsWith(`/${name}`);
  const unknown = wanted.filter((name) => !all.some((path) => isNamed(path, name)));
  if (unknown.length > 0) throw new Error(`there is no ${unknown}`);
  const others = all.filter((path) => isSpec(path) && !LONGEST.includes(path)).sort();
  return [...LONGEST, ...others].filter(
    (path) => wanted.length === 0 || wanted.some((name) => isNamed(path, name)),
  );
}

/** One that crashes, tells nothing or, when all was asked for, has run nothing counts as one test that failed. */
async function run(specs, ...how) {
  if (specs.length === 0) return { passed: 0, failed: isWhole ? 1 : 0 };
  const mocha = ['node_modules/mocha/bin/mocha.js', '--require', './scripts/mocha-hooks.mjs'];
  const child = spawn(process.execPath, ['--enable-source-maps', ...mocha, ...how, ...options, ...specs], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  let counts = null;
  child.on('message', (told) => {
    counts = told;
  });
  const [code] = await once(child, 'close');
  const { passed = 0, failed = 0 } = counts ?? {};
  const isFine = code === 0 && counts !== null && (passed > 0 || !isWhole);
  return { passed, failed: isFine ? failed : Math.max(1, failed) };
}

const specs = findSpecs();
const isAlone = (path) => path.endsWith('.alone.spec.js');
const together = specs.filter((path) => !isAlone(path));
const groups = [await run(together, '--parallel', `--jobs=${jobs}`), await run(specs.filter(isAlone))];
const sum = (count) => groups.reduce((total, group) => total + group[count], 0);
process.stdout.write(`tests: ${sum('passed')} passed, ${sum('failed')} failed\n`);
if (sum('failed') > 0 || sum('passed') === 0) process.exitCode = 1;
