/**
 * `node scripts/reliability/attack.mjs [--list] [--help] [--family <name>] [--seed 20261128] [--quick]`: attacks the built service on
 * loopback; ends with 1 when a figure misses its bound. docs/reliability.md says what is shown.
 */
import { buildTests } from './build-tests.mjs';

buildTests();
await import('../../dist/tests/reliability/attack/main.js');
