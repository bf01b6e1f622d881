/** `node dist/bench/profile.js [--stream] [--trial]`: where the full service spends its time under load, by V8's sampling profiler. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pinSelf } from './child.js';
import { CpuProfile, type Share } from './cpu-profile.js';
import { closedLoop, runTurns } from './load.js';
import { startService } from './start-service.js';
import { LOAD_CORE, SERVER_CORE, startUpstream } from './start-upstream.js';
import { withWorkplace } from './with-workplace.js';

/** A trial shows that it runs; what it measures says nothing. */
const isTrial = process.argv.includes('--trial');
const WARM_UP_TURNS = isTrial ? 32 : 5000;
const DURATION_MS = isTrial ? 200 : 10_000;
const FLAGS = ['--cpu-prof', '--cpu-prof-dir=.', '--cpu-prof-interval=250'];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function list(title: string, shares: readonly Share[], max: number): void {
  const totalMs = shares.reduce((sum, { selfMs }) => sum + selfMs, 0);
  say(`\n${title}`);
  for (const { name, selfMs } of shares.slice(0, max)) {
    say(`${((100 * selfMs) / totalMs).toFixed(1).padStart(5)} %  ${name}`);
  }
}

const stream = process.argv.includes('--stream');
pinSelf(LOAD_CORE);
await withWorkplace(async (workplace) => {
  const { directory } = workplace;
  const upstreamUrl = await startUpstream(workplace);
  const service = await startService('full service', {
    directory,
    upstreamUrl,
    core: SERVER_CORE,
    flags: FLAGS,
  });
  await runTurns(service, WARM_UP_TURNS, stream);
  const fromMs = Number(process.hrtime.bigint()) / 1e6;
  const { perSecond } = await closedLoop(service, stream, DURATION_MS);
  const toMs = Number(process.hrtime.bigint()) / 1e6;
  await service.process.stop();
  const [file] = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('node has written no profile');
  const profile = new CpuProfile(join(directory, file), fromMs, toMs);
  say(`${perSecond.toFixed(0)} turns/s while it was profiled`);
  list('self time by function', profile.byFunction(), 10);
  list('self time by module', profile.byModule(), 20);
});
