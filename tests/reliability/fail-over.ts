import { SeededRandom } from '../support/fixtures/seeded-random.js';
import type { Attempt } from './attempt.js';
import { checkHistory } from './check-history.js';
import { RedisSentinels } from './redis-sentinels.js';
import { readStoredConversations } from './stored-conversations.js';
import { CLIENTS } from './turn-orders.js';
import { WorkerProcess } from './worker-process.js';
import { Writer } from './writer.js';

const WRITERS = 20;
const TURNS_PER_WRITER = 40;
const CONVERSATIONS = 10;
const MAX_MS = 45_000;

export interface FailOverOutcome {
  /** The longest time without an acknowledged turn since the master's end. */
  readonly gapMs: number;
  readonly acknowledged: number;
  /** Acknowledged by the old master, and not there afterwards. */
  readonly lost: number;
  /** What should never be. */
  readonly others: readonly string[];
}

/** Twenty writers, two processes; the master is killed when half of the turns are done, or so much later. */
export async function failOver(seed: number, replicasBehindMs = 0): Promise<FailOverOutcome> {
  const sentinels = await RedisSentinels.start();
  const settings = { redisUrl: sentinels.url, sabotage: null };
  const workers = [new WorkerProcess(settings), new WorkerProcess(settings)];
  const attempts: Attempt[] = [];
  const random = new SeededRandom(seed);
  const endOfMaster = { at: Number.POSITIVE_INFINITY, killing: Promise.resolve() };
  let turns = 0;
  const onTurn = (): void => {
    turns += 1;
    if (turns === (WRITERS * TURNS_PER_WRITER) / 2) {
      endOfMaster.killing = sentinels.killMaster(replicasBehindMs).then(() => {
        endOfMaster.at = performance.now();
      });
    }
  };
  try {
    await Promise.all(workers.map((worker) => worker.start()));
    const writers = Array.from({ length: WRITERS }, (_, index) => {
      const clientId = CLIENTS[index % CLIENTS.length] ?? CLIENTS[0];
      const conversationIds = Array.from({ length: CONVERSATIONS }, (__, number) => `${seed}-${number}`);
      return new Writer({
        ...{ name: `${seed}-${index}`, clientId, conversationIds, workers },
        random: new SeededRandom(random.between(0, 2 ** 32 - 1)),
        onAttempt: (attempt) => attempts.push(attempt),
        onTurn,
        signal: AbortSignal.timeout(MAX_MS),
      });
    });
    await Promise.all(writers.map((writer) => writer.write(TURNS_PER_WRITER)));
    await endOfMaster.killing;
    const master = await sentinels.connectToMaster();
    const faults = checkHistory(attempts, await readStoredConversations(master));
    master.disconnect();
    return {
      gapMs: longestGap(endOfMaster.at, attempts),
      acknowledged: attempts.filter(({ fate }) => fate === 'acknowledged').length,
      lost: faults.filter((fault) => fault.startsWith('acknowledged and lost')).length,
      others: faults.filter((fault) => !fault.startsWith('acknowledged and lost')),
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
    await sentinels.stop();
  }
}

function longestGap(since: number, attempts: readonly Attempt[]): number {
  const times = attempts.map(({ acknowledgedAt }) => acknowledgedAt).filter((at) => Number.isFinite(at));
  let before = since;
  let longest = 0;
  for (const at of times.filter((time) => time > since).sort((a, b) => a - b)) {
    longest = Math.max(longest, at - before);
    before = at;
  }
  return longest;
}
