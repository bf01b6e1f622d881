/**
 * `node scripts/reliability/drill.mjs [--seed 20261128] [--writes 120]`: what an operator may have to do, on the built service
 * in private folders: backup under load, kill -9, restores, and what must be refused with one line. Ends with 1 on a miss.
 * docs/reliability.md says what is shown.
 */
import { buildTests } from './build-tests.mjs';

buildTests();
await import('../../dist/tests/reliability/drill/main.js');
