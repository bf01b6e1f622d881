/**
 * `node scripts/reliability/cluster.mjs [options of mocha]`: the contract of ConversationCache on a Redis Cluster of three nodes, started from the redis-server on PATH.
 * docs/reliability.md says what is shown.
 */
import { runSuite } from './run-suite.mjs';

runSuite('cluster');
