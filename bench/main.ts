/**
 * `npm run bench`, or with `-- --quick`: what the service costs on top of a model, beside what else could be built.
 * bench/README.md says what each row is. Ends with 1 when a target is missed; with `-- --trial` nothing is judged.
 */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '#tests/support/processes/redis-server.js';
import { CAN_PIN, pinSelf } from './child.js';
import { measure, type Plan } from './measure.js';
import type { Row } from './row.js';
import { startService } from './start-service.js';
import { startSimpleTarget } from './start-simple-target.js';
import { LOAD_CORE, SERVER_CORE, startUpstream, UPSTREAM_CORE } from './start-upstream.js';
import { table } from './table.js';
import { withWorkplace } from './with-workplace.js';

const FULL: Plan = {
  rounds: 5,
  roundMs: 3000,
  firstTokenMs: 24_000,
  warmUpTurns: 3000,
  memoryTurns: 20_000,
};
const QUICK: Plan = {
  rounds: 3,
  roundMs: 1200,
  firstTokenMs: 8000,
  warmUpTurns: 1200,
  memoryTurns: 4000,
};
/** Shows that everything runs; what it measures says nothing. */
const TRIAL: Plan = {
  rounds: 1,
  roundMs: 100,
  firstTokenMs: 200,
  warmUpTurns: 32,
  memoryTurns: 64,
};

const BARE = 'http + undici';
const AS_DOCUMENTED = 'express + ChatOpenAI';
const OUR_TRANSPORT = 'express + ChatOpenAI on our transport';
const SERVICE = 'full service';
const LIMITED = 'full service, limits and budget';
const ON_REDIS = 'full service on Redis';
const LIMITED_ON_REDIS = 'full service on Redis, limits and budget';

/** High enough to let everything pass, and counted all the same. */
const LIMITS = {
  LIMIT_IP_PER_MINUTE: '1000000000',
  LIMIT_CHAT_PER_MINUTE: '1000000000',
  LIMIT_CONCURRENT_TURNS: '100000',
  BUDGET_TOKENS_PER_DAY: '1000000000000',
};

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function run(plan: Plan): Promise<Row[]> {
  return withWorkplace(async (workplace) => {
    const upstreamUrl = await startUpstream(workplace);
    const script = (name: string) => join(import.meta.dirname, name);
    const options = { ...workplace, core: SERVER_CORE, environment: { UPSTREAM_URL: upstreamUrl } };
    const express = script('express-server.js');
    const targets = [
      await startSimpleTarget(BARE, [script('bare-server.js')], options),
      await startSimpleTarget(AS_DOCUMENTED, [express], options),
      await startSimpleTarget(OUR_TRANSPORT, [express, '--our-transport'], options),
    ];
    const redis = await RedisServer.start();
    const service = async (name: string, settings: Readonly<Record<string, string>>) =>
      targets.push(await startService(name, { ...workplace, core: SERVER_CORE, upstreamUrl, settings }));
    try {
      await service(SERVICE, {});
      await service(LIMITED, LIMITS);
      await service(ON_REDIS, { REDIS_URL: redis.url });
      await service(LIMITED_ON_REDIS, { REDIS_URL: redis.url, ...LIMITS });
      return await measure(targets, upstreamUrl, plan, say);
    } finally {
      await redis.stop();
    }
  });
}

interface Verdict {
  readonly text: string;
  readonly isMet: boolean;
}

function verdicts(rows: readonly Row[]): Verdict[] {
  const find = (name: string, stream: boolean) => {
    const row = rows.find(({ target, stream: isStream }) => target.name === name && isStream === stream);
    if (row === undefined) throw new Error(`there is no row ${name}`);
    return row;
  };
  const perSecond = (name: string) => find(name, false).median('perSecond');
  const ratio = (name: string, other: string, least: number, sentence: string): Verdict => {
    const reached = perSecond(name) / perSecond(other);
    return { text: `${reached.toFixed(2)} ${sentence} (at least ${least})`, isMet: reached >= least };
  };
  const addedMs = find(SERVICE, true).firstToken?.p95Ms ?? Number.NaN;
  return [
    ratio(SERVICE, OUR_TRANSPORT, 0.85, `of "${OUR_TRANSPORT}"`),
    ratio(SERVICE, AS_DOCUMENTED, 1.3, `of "${AS_DOCUMENTED}"`),
    { text: `first token p95 +${addedMs.toFixed(1)} ms (at most 5)`, isMet: addedMs <= 5 },
    ratio(ON_REDIS, SERVICE, 0.75, 'on Redis of what it does in memory'),
    ratio(LIMITED, SERVICE, 0.9, 'with limits and a budget of what it does without'),
    ratio(LIMITED_ON_REDIS, ON_REDIS, 0.8, 'with limits and a budget on Redis of what it does without'),
  ];
}

function planOf(args: readonly string[]): Plan {
  if (args.includes('--trial')) return TRIAL;
  return args.includes('--quick') ? QUICK : FULL;
}

const plan = planOf(process.argv);
pinSelf(LOAD_CORE);
say(
  CAN_PIN
    ? `server on core ${SERVER_CORE}, upstream on core ${UPSTREAM_CORE}, load on core ${LOAD_CORE}`
    : 'nothing is pinned to a core: there is no taskset',
);
say(`load average before: ${loadavg()[0]?.toFixed(2)}`);
const rows = await run(plan);
say(`\n${table(rows)}\n`);
if (plan === TRIAL) {
  say('A trial: its figures say nothing.');
} else {
  say(`RSS after ${plan.memoryTurns} turns. The full service reaches:`);
  for (const { text, isMet } of verdicts(rows)) {
    say(`- ${text}: ${isMet ? 'met' : 'MISSED'}`);
    if (!isMet) process.exitCode = 1;
  }
}
