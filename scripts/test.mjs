/**
 * `node scripts/test.mjs [--system] [specs] [options of mocha]`: without specs, those of `unit`, `contracts` and `http`; with
 * `--system` the others, which are about processes, outages, memory and time. Those that may run beside each other come
 * first, one process per core; then, one after the other, those that need the machine to themselves (`*.alone.spec.ts`): they
 * bound milliseconds, compare times or memory, or load the machine. The last line counts the tests of both, for `.ci/run`.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, normalize, sep } from 'node:path';
import { runMocha } from './run-mocha.mjs';

const SPECS = 'dist/tests';
const CALM_ROOMS = ['unit', 'contracts', 'http'];
/** They begin first: one that begins last keeps one core busy, and the others wait for it. */
const LONGEST = [
  'contracts/redis/redis-conversation-cache',
  'http/api',
  'http/isolation',
  'unit/adapters/redis/shared-turns',
  'system/durability/kill',
  'system/gateway/fault-matrix',
  'system/leaks/http-turns',
  'system/redis/lost-turns',
  'system/processes/start',
  'reliability/history-checker',
  'system/egress/egress',
  'system/budget/budgets',
].map((name) => join(SPECS, `${name}.spec.js`));

process.chdir(join(import.meta.dirname, '..'));

const isSpec = (path) => /\.spec\.[jt]s$/.test(path);
const isAlone = (path) => path.endsWith('.alone.spec.js');
const isCalm = (path) => CALM_ROOMS.includes(path.split(sep)[2]);
const isSystem = process.argv.includes('--system');
const args = process.argv.slice(2).filter((arg) => arg !== '--system');
const wanted = args.filter(isSpec).map((path) => normalize(path).replace(/\.ts$/, '.js'));
const options = args.filter((arg) => !isSpec(arg));
const isWhole = args.length === 0;

/** The specs asked for, wherever they are; or all of the group. */
function findSpecs() {
  const all = readdirSync(SPECS, { recursive: true }).map((path) => join(SPECS, path));
  const missing = LONGEST.filter((path) => !all.includes(path));
  if (missing.length > 0) throw new Error(`there is no ${missing}: mend LONGEST in scripts/test.mjs`);
  const loud = all.filter((path) => isCalm(path) && isAlone(path));
  if (loud.length > 0) throw new Error(`${loud} needs the machine to itself: it belongs in tests/system`);
  const isNamed = (path, name) => `/${path}`.endsWith(`/${name}`);
  const unknown = wanted.filter((name) => !all.some((path) => isNamed(path, name)));
  if (unknown.length > 0) throw new Error(`there is no ${unknown}`);
  const others = all.filter((path) => isSpec(path) && !LONGEST.includes(path)).sort();
  return [...LONGEST, ...others].filter((path) =>
    wanted.length === 0 ? isCalm(path) !== isSystem : wanted.some((name) => isNamed(path, name)),
  );
}

const specs = findSpecs();
/**
 * One for each core, and one more where files wait more than they work; but no two at a time that empty the Redis which they
 * are told to take.
 */
const cores = Math.max(2, availableParallelism()) + (specs.every(isCalm) ? 1 : 0);
const jobs = process.env.TEST_REDIS_URL === undefined ? cores : 1;
const parts = [
  [specs.filter((path) => !isAlone(path)), ['--parallel', `--jobs=${jobs}`]],
  [specs.filter(isAlone), []],
];
const groups = [];
for (const [part, how] of parts) {
  if (part.length === 0 && !(isWhole && isSystem)) continue;
  const { passed, failed, ran } = await runMocha(part, [...how, ...options]);
  groups.push({ passed, failed: isWhole && passed === 0 ? Math.max(1, failed) : failed });
  if (!ran) break;
}
const sum = (count) => groups.reduce((total, group) => total + group[count], 0);
process.stdout.write(`tests: ${sum('passed')} passed, ${sum('failed')} failed\n`);
if (sum('failed') > 0 || sum('passed') === 0) process.exitCode = 1;
