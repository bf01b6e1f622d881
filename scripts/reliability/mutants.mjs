/**
 * `node scripts/reliability/mutants.mjs [--runs 100] [--seed 1] [--deadline 180] [--through 'nice -n 10'] [path…]`:
 * changes one thing at a time in a copy of the compiled code and runs the specs that could see it, the nearest first, until
 * one is red. Needs a build with its tests (`node scripts/build.mjs --tests`). With a path, only files whose name holds it.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutate, mutationsOf } from './mutations.mjs';
import { SpecMap } from './spec-map.mjs';
import { SpecRunner } from './spec-runner.mjs';

const ROOT = join(import.meta.dirname, '../..');
const ROOMS = [
  'domain',
  'application',
  'adapters/memory',
  'adapters/redis',
  'adapters/http',
  'adapters/sqlite',
];
/** Made by others, or read by nobody but people. */
const LEFT_OUT = /\/generated\/|\/routes\.js$/;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    deadline: { type: 'string', default: '180' },
    through: { type: 'string', default: '' },
  },
});

/** Mulberry32. */
function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** All that the compiled code needs beside it, as links; the code itself as a copy. */
function makeCopy() {
  const copy = mkdtempSync(join(tmpdir(), 'fastwrap-mutants-'));
  for (const name of readdirSync(ROOT)) {
    if (name === 'dist') cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    else if (name !== '.git') symlinkSync(join(ROOT, name), join(copy, name));
  }
  return copy;
}

function findMutants() {
  const sources = join(ROOT, 'dist/src');
  return readdirSync(sources, { recursive: true })
    .filter((path) => /\.(?:js|lua)$/.test(path) && ROOMS.some((room) => path.startsWith(`${room}/`)))
    .filter((path) => !LEFT_OUT.test(path))
    .filter((path) => positionals.length === 0 || positionals.some((part) => path.includes(part)))
    .sort()
    .flatMap((path) => {
      const source = readFileSync(join(sources, path), 'utf8');
      return mutationsOf(path, source).map((mutation) => ({ path, source, mutation }));
    });
}

function sample(mutants, count, random) {
  const left = [...mutants];
  const taken = [];
  while (taken.length < count && left.length > 0) {
    taken.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return taken;
}

const copy = makeCopy();
process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const mutants = findMutants();
const chosen = sample(mutants, Number(values.runs), seededRandom(Number(values.seed)));
const specs = new SpecMap(join(copy, 'dist'));
const runner = new SpecRunner({
  folder: copy,
  through: values.through.split(' ').filter(Boolean),
  deadlineMs: Number(values.deadline) * 1000,
});
process.stdout.write(`${chosen.length} of ${mutants.length} mutants, seed ${values.seed}\n`);

const outcomes = [];
for (const [index, { path, source, mutation }] of chosen.entries()) {
  const place = join(copy, 'dist/src', path);
  writeFileSync(place, mutate(source, mutation));
  const wholeAgain = () => writeFileSync(place, source);
  const { outcome, by } = await runner.run(specs.of(path), wholeAgain, () =>
    writeFileSync(place, mutate(source, mutation)),
  );
  wholeAgain();
  const what = `${path}:${mutation.line} ${mutation.kind}: ${mutation.from}`;
  outcomes.push({ outcome, what, by });
  process.stdout.write(`${index + 1} ${outcome} ${what} [${by}]\n`);
}

const count = (outcome) => outcomes.filter((one) => one.outcome === outcome).length;
const noticed = count('caught') + count('timed out');
const share = ((100 * noticed) / Math.max(1, noticed + count('survived'))).toFixed(1);
const counts = ['caught', 'timed out', 'survived', 'unclear'].map(
  (outcome) => `${outcome} ${count(outcome)}`,
);
process.stdout.write(
  `\n${counts.join(', ')}; noticed ${share} % of what is clear\n\n| not noticed | | specs |\n| --- | --- | --- |\n`,
);
for (const { outcome, what, by } of outcomes) {
  if (outcome === 'survived' || outcome === 'unclear') {
    process.stdout.write(`| ${what.replaceAll('|', '\\|')} | ${outcome} | ${by} |\n`);
  }
}
