/** The command line of the campaign of attacks: docs/reliability.md says what it shows. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MAIN } from '#tests/support/processes/server-process.js';
import { isWon, runCampaign } from './campaign.js';
import { FAMILIES } from './families.js';
import type { Family } from './family.js';
import { HaProxy } from './haproxy.js';
import { Janitor } from './janitor.js';
import { reportTable } from './report.js';

const USAGE = `Attacks the built service on loopback and reports what it withstood.

  node scripts/reliability/attack.mjs [options]

  --list             what each family does, and nothing else
  --family <name>    this one; may be said several times. Default: all
  --seed <number>    of whatever is drawn by lot. Default: ${20_261_128}
  --quick            fewer rounds and shorter waits
  --minutes <number> how long the soak takes. Default: 1
  --nice=<number>    priority of the processes that the soak measures, where other work shares the machine. Default: 0
  --behind haproxy   callers go through an HAProxy; families that look at the service's own sockets are not run
  --node <program>   runs the service, such as another version of Node. Default: the one that runs this
  --main <file>      the service's entry, such as dist/src/infrastructure/main.js of another build
  --help             this text

Ends with 0 when every figure keeps its bound, with 1 when one misses, with 2 for a fault in the options.
Needs Linux; redis-server, haproxy, prlimit, unshare and libfaketime (Debian: faketime) for the families that use them.
Nothing is left behind, also when it is interrupted: no process, no file.
`;

const INTERRUPTED = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function refuse(why: string): never {
  process.stderr.write(`${why}\nSee --help.\n`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        family: { type: 'string', multiple: true, default: [] },
        seed: { type: 'string', default: '20261128' },
        minutes: { type: 'string', default: '1' },
        nice: { type: 'string', default: '0' },
        behind: { type: 'string' },
        node: { type: 'string', default: process.execPath },
        main: { type: 'string', default: MAIN },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function chooseFamilies(names: readonly string[], isBehindHaProxy: boolean): readonly Family[] {
  const unknown = names.find((name) => !FAMILIES.some((family) => family.name === name));
  if (unknown !== undefined) refuse(`There is no family ${unknown}.`);
  const asked = FAMILIES.filter(({ name }) => names.length === 0 || names.includes(name));
  return asked.filter(({ withoutProxy }) => !isBehindHaProxy || withoutProxy !== true);
}

const options = readOptions();
const isBehindHaProxy = options.behind !== undefined;
const seed = Number(options.seed);
const soakMinutes = Number(options.minutes);
const niceness = Number(options.nice);
if (options.help) {
  say(USAGE);
  process.exit(0);
}
if (options.list) {
  for (const { name, about } of FAMILIES) say(`${name.padEnd(20)} ${about}`);
  process.exit(0);
}
if (isBehindHaProxy && options.behind !== 'haproxy') refuse('--behind knows haproxy alone.');
if (isBehindHaProxy && HaProxy.find() === null) refuse('--behind haproxy needs a haproxy on this machine.');
if (!Number.isSafeInteger(seed)) refuse('--seed takes a whole number.');
if (!(soakMinutes > 0)) refuse('--minutes takes a number above 0.');
if (!Number.isSafeInteger(niceness)) refuse('--nice takes a whole number.');
const families = chooseFamilies(options.family, isBehindHaProxy);
if (families.length === 0) refuse('No family is left to run.');
const main = resolve(options.main);

const janitor = Janitor.employ();
// At once: what went on here would start the next process while the janitor ends the last one.
for (const [signal, code] of Object.entries(INTERRUPTED)) process.once(signal, () => process.exit(code));
const results = await runCampaign({
  ...{ families, seed, janitor, soakMinutes, niceness, main, isBehindHaProxy },
  isQuick: options.quick,
  node: options.node,
  onResult: ({ name, seconds, figures, leftOut }) => {
    const misses = figures.filter(({ isMet }) => !isMet).length;
    say(
      `${name}: ${leftOut === null ? `${figures.length - misses} of ${figures.length} figures kept` : 'left out'}, ${seconds.toFixed(0)} s`,
    );
  },
});
await janitor.sweep();
say(`\n${reportTable(results)}\n`);
say(
  `${new Date().toISOString()}, seed ${seed}, service on ${options.node}${isBehindHaProxy ? ' behind HAProxy' : ''}: ${isWon(results) ? 'withstood' : 'NOT WITHSTOOD'}`,
);
process.exit(isWon(results) ? 0 : 1);
