/**
 * `node scripts/reliability/history-checker.mjs [--runs 1000] [--seed 20261123] [--lanes 4] [--writers 50] [--turns 40]`:
 * fault runs against conversations on Redis; ends with 1 on a violation, and names the seed of its run.
 * `--sabotage <kind>` puts a fault into the cache that has to be found. docs/reliability.md says what is shown.
 */
import { buildTests } from './build-tests.mjs';

buildTests();
await import('../../dist/tests/reliability/history-checker.js');
