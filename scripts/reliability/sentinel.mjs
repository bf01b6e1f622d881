/**
 * `node scripts/reliability/sentinel.mjs [options of mocha]`: the contract of ConversationCache through three sentinels, then failovers under load, all started from the
 * redis-server on PATH.
 * docs/reliability.md says what is shown.
 */
import { runSuite } from './run-suite.mjs';

runSuite('sentinel');
