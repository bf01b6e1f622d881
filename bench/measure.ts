import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { closedLoop, openLoop, runTurns } from './load.js';
import { Row } from './row.js';
import type { Target } from './target.js';

export interface Plan {
  /** Of each row. The medians are reported. */
  readonly rounds: number;
  readonly roundMs: number;
  /** Long enough for the garbage collector to do all that it does: one full collection would else decide. */
  readonly firstTokenMs: number;
  readonly warmUpTurns: number;
  /** After which a server's memory is read, warm-up included. */
  readonly memoryTurns: number;
}

/** For what was started or freed a moment ago to come to rest. */
const SETTLE_MS = 1500;

/** The rows take turns, so that a machine that slows down slows all of them down. */
export async function measure(
  targets: readonly Target[],
  upstreamUrl: string,
  plan: Plan,
  say: (text: string) => void,
): Promise<Row[]> {
  const plain = targets.map((target) => new Row(target, false));
  const streamed = targets.map((target) => new Row(target, true));
  await delay(SETTLE_MS);
  for (const row of plain) row.atRestMb = row.target.process.rssMb();

  say('warming up');
  for (const { target } of plain) await runTurns(target, plan.warmUpTurns, false);
  await runRounds(plain, upstreamUrl, plan, say);

  say(`memory after ${plan.memoryTurns} turns`);
  for (const row of plain) {
    const done = row.rounds.reduce((sum, { turns }) => sum + turns, plan.warmUpTurns);
    await runTurns(row.target, plan.memoryTurns - done, false);
  }
  await delay(SETTLE_MS);
  for (const row of plain) row.afterMb = row.target.process.rssMb();

  say('warming up the streams');
  for (const { target } of streamed) await runTurns(target, plan.warmUpTurns / 2, true);
  await runRounds(streamed, upstreamUrl, plan, say);
  say('time to first token');
  for (const row of streamed) row.firstToken = await openLoop(row.target, plan.firstTokenMs);
  return [...plain, ...streamed];
}

async function runRounds(
  rows: readonly Row[],
  upstreamUrl: string,
  plan: Plan,
  say: (text: string) => void,
): Promise<void> {
  for (let round = 1; round <= plan.rounds; round += 1) {
    say(`${rows[0]?.stream ? 'streamed' : 'plain'}, round ${round} of ${plan.rounds}`);
    for (const row of rows) await runRound(row, upstreamUrl, plan.roundMs);
  }
}

async function runRound(
  { target, stream, rounds }: Row,
  upstreamUrl: string,
  durationMs: number,
): Promise<void> {
  const before = { cpuMs: target.process.cpuMs(), ...(await asked(upstreamUrl)) };
  const throughput = await closedLoop(target, stream, durationMs);
  const after = { cpuMs: target.process.cpuMs(), ...(await asked(upstreamUrl)) };
  rounds.push({
    ...throughput,
    cpuMicroseconds: ((after.cpuMs - before.cpuMs) * 1000) / throughput.turns,
    promptBytes: (after.bytes - before.bytes) / (after.requests - before.requests),
  });
}

/** What the upstream has been asked so far. */
async function asked(upstreamUrl: string): Promise<{ requests: number; bytes: number }> {
  const { body } = await request(upstreamUrl);
  return JSON.parse(await body.text());
}
