import { setTimeout as delay } from 'node:timers/promises';
import { Agent, Client, type Dispatcher } from 'undici';
import { percentile } from '#tests/support/assertions/statistics.js';
import { readFirstTokenMark } from './first-token-mark.js';
import { LAST_WORDS } from './prompt-texts.js';
import type { BenchRequest, Target } from './target.js';

export interface Throughput {
  readonly turns: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Milliseconds that a target adds to the upstream's own time to first token. */
export interface FirstToken {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export const CONNECTIONS = 16;
export const STREAMS_PER_SECOND = 50;
/** More than ever run at once: the turns of one lane may not overlap. */
const LANES = 100;

/** Each of 16 connections sends its next turn when it has the whole answer to the last. */
export async function closedLoop(target: Target, stream: boolean, durationMs: number): Promise<Throughput> {
  const clients = Array.from({ length: CONNECTIONS }, () => new Client(target.url));
  const latencies: number[] = [];
  const began = performance.now();
  const drive = async (client: Client, lane: number) => {
    while (performance.now() - began < durationMs) {
      const sent = performance.now();
      await send(client, target, target.turn(lane, 'fast', stream));
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(clients.map(drive));
  const elapsedMs = performance.now() - began;
  await Promise.all(clients.map((client) => client.close()));
  const sorted = Float64Array.from(latencies).sort();
  return {
    turns: sorted.length,
    perSecond: (sorted.length / elapsedMs) * 1000,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
  };
}

/** A new stream every 20 ms, whatever became of those before. */
export async function openLoop(target: Target, durationMs: number): Promise<FirstToken> {
  const agent = new Agent();
  const count = Math.round((durationMs / 1000) * STREAMS_PER_SECOND);
  const began = performance.now();
  const streams: Promise<number>[] = [];
  for (let i = 0; i < count; i += 1) {
    const due = began + (i * 1000) / STREAMS_PER_SECOND;
    await delay(Math.max(0, due - performance.now()));
    streams.push(timeFirstToken(agent, target, target.turn(i % LANES, 'paced', true)));
  }
  const sorted = Float64Array.from(await Promise.all(streams)).sort();
  await agent.close();
  return { p50Ms: percentile(sorted, 0.5), p95Ms: percentile(sorted, 0.95) };
}

/** For as many turns as are wanted, without looking at the time. */
export async function runTurns(target: Target, turns: number, stream: boolean): Promise<void> {
  const clients = Array.from({ length: CONNECTIONS }, () => new Client(target.url));
  let left = turns;
  const drive = async (client: Client, lane: number) => {
    while (left > 0) {
      left -= 1;
      await send(client, target, target.turn(lane, 'fast', stream));
    }
  };
  await Promise.all(clients.map(drive));
  await Promise.all(clients.map((client) => client.close()));
}

async function send(client: Client, target: Target, { path, headers, body }: BenchRequest): Promise<void> {
  const answer = await client.request({ method: 'POST', path, headers, body });
  const text = await answer.body.text();
  assertWhole(target, answer.statusCode, text);
}

async function timeFirstToken(
  agent: Dispatcher,
  target: Target,
  { path, headers, body }: BenchRequest,
): Promise<number> {
  const sent = performance.now();
  const answer = await agent.request({ origin: target.url, method: 'POST', path, headers, body });
  let text = '';
  let addedMs: number | null = null;
  for await (const chunk of answer.body) {
    text += chunk;
    if (addedMs !== null) continue;
    const upstreamMs = readFirstTokenMark(text);
    if (upstreamMs !== null) addedMs = performance.now() - sent - upstreamMs;
  }
  assertWhole(target, answer.statusCode, text);
  if (addedMs === null) throw new Error(`${target.name} gave no first token`);
  return addedMs;
}

/** A server that fails fast must not look fast. The end of a streamed reply may be cut over two events. */
function assertWhole({ name }: Target, status: number, text: string): void {
  const lastPiece = LAST_WORDS.slice(LAST_WORDS.lastIndexOf(' ') + 1);
  if (status === 200 && text.includes(lastPiece)) return;
  throw new Error(`${name} answered ${status}: ${text.slice(0, 300)}`);
}
