/** The command line of the history checker: docs/reliability.md says what it shows. */
import { parseArgs } from 'node:util';
import { runLanes } from './run-lanes.js';
import { isSabotage, SABOTAGE, type SabotageKind } from './sabotage.js';

const REPORT_EVERY = 50;
const SHOWN = 20;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '20261123' },
    lanes: { type: 'string', default: '4' },
    writers: { type: 'string', default: '50' },
    turns: { type: 'string', default: '40' },
    sabotage: { type: 'string' },
  },
});

function readSabotage(kind: string | undefined): SabotageKind | null {
  if (kind === undefined) return null;
  if (isSabotage(kind)) return kind;
  throw new Error(`--sabotage is one of ${Object.keys(SABOTAGE).join(', ')}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const startedAt = performance.now();
const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`;

const tally = await runLanes({
  runs: Number(values.runs),
  seed: Number(values.seed),
  lanes: Number(values.lanes),
  writers: Number(values.writers),
  turnsPerWriter: Number(values.turns),
  sabotage: readSabotage(values.sabotage),
  onRun: (_outcome, sum) => {
    if (sum.runs % REPORT_EVERY === 0) say(`${seconds()}: ${sum}`);
  },
});
for (const { seed, what } of tally.violations.slice(0, SHOWN)) say(`seed ${seed}: ${what}`);
say(`${new Date().toISOString()}, seeds from ${values.seed}, ${seconds()}: ${tally}`);
process.exitCode = tally.violations.length === 0 ? 0 : 1;
