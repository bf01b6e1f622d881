/**
 * What a flood of logins does to others, and whether the answers to wrong logins differ in anything but their time of
 * day. `npm run bench:logins`; ends with 1 when a bound is broken. With `-- --trial` it shows that everything runs, and no time
 * or memory is judged.
 */

import { forgetPeak, memoryMib } from '#tests/support/assertions/process-figures.js';
import { percentile } from '#tests/support/assertions/statistics.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { floodLogins } from '#tests/support/fixtures/login-flood.js';
import { makeTestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';
import { compareLogins, type LoginCase } from './login-times.js';

const isTrial = process.argv.includes('--trial');
const FLOOD_MS = isTrial ? 500 : 20_000;
const WARM_UP_MS = isTrial ? 200 : 2000;
const LOGINS_PER_SECOND = isTrial ? 20 : 500;
const READS_PER_SECOND = 50;
const ACCOUNTS = isTrial ? 9 : 200;
const SAMPLES = isTrial ? 9 : 1000;
const MAX_READ_MS = 100;
const MAX_GROWTH_MIB = 100;
const RATIO = [0.95, 1.05] as const;

const EMAIL = 'owner@example.com';
/** One wrong password for each account and address; addresses take ten in all. */
const STRICT = { LIMIT_PASSWORDS_PER_15_MINUTES: '1', TRUST_PROXY: '127.0.0.1' };
const NONE = { LIMIT_PASSWORDS_PER_15_MINUTES: '0' };
const faults: string[] = [];

async function withService(
  env: Readonly<Record<string, string>>,
  task: (server: ServerProcess, api: ApiClient) => Promise<void>,
): Promise<void> {
  const folder = await makeTestFolder();
  const others = {
    LIMIT_IP_PER_MINUTE: '0',
    LIMIT_REQUESTS_PER_MINUTE: '0',
    LIMIT_SIGNUPS_PER_HOUR: '0',
    LOG_LEVEL: 'warn',
  };
  const server = await ServerProcess.start({ cwd: folder.path, env: { ...others, ...env } });
  try {
    await task(server, await new ApiClient(await server.url()).signUp(EMAIL));
  } finally {
    await server.kill();
    await folder.remove();
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function flood(server: ServerProcess, api: ApiClient): Promise<void> {
  const plan = {
    url: await server.url(),
    apiKey: api.apiKey ?? '',
    characterId: await api.createCharacter(),
    email: EMAIL,
    loginsPerSecond: LOGINS_PER_SECOND,
    readsPerSecond: READS_PER_SECOND,
  };
  await floodLogins({ ...plan, durationMs: WARM_UP_MS });
  forgetPeak(server.pid);
  const { now: before } = memoryMib(server.pid);
  const { logins, readMs, failedReads } = await floodLogins({ ...plan, durationMs: FLOOD_MS });
  const { now: after, peak } = memoryMib(server.pid);
  const p99 = percentile(readMs, 0.99);
  print(`logins by status: ${JSON.stringify(logins)}`);
  print(
    `reads: p50 ${percentile(readMs, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, failed ${failedReads}`,
  );
  print(`memory: ${before.toFixed(0)} MiB before, ${peak.toFixed(0)} at most, ${after.toFixed(0)} after`);
  if (failedReads > 0) faults.push(`${failedReads} reads failed`);
  if (isTrial) return;
  if (p99 >= MAX_READ_MS) faults.push(`reads took ${p99.toFixed(0)} ms at p99`);
  if (peak - before >= MAX_GROWTH_MIB) faults.push(`memory grew by ${(peak - before).toFixed(0)} MiB`);
}

async function compare(server: ServerProcess, api: ApiClient): Promise<void> {
  const url = await server.url();
  const limited = 'limited@example.com';
  await api.signUp(limited);
  const attempt = (email: string, from: string) => ({ email, password: 'wrong horse battery', from });
  const address = (block: number, index: number) => `10.${block}.${index >> 8}.${index & 255}`;
  /** The first attempt from an address is within the limit; those that follow it are not. */
  const limitedFrom = (index: number) => address(3, Math.floor(index / 9));
  const cases: LoginCase[] = [
    {
      name: 'wrong password',
      attempt: (index) => attempt(`owner${index % ACCOUNTS}@example.com`, address(1, index)),
    },
    { name: 'unknown email', attempt: (index) => attempt(`nobody${index}@example.com`, address(2, index)) },
    { name: 'limited account', attempt: (index) => attempt(limited, limitedFrom(index)) },
  ];
  // An account that fails ten times in all is limited too, so that there are many.
  for (let index = 0; index < ACCOUNTS; index += 1) await api.signUp(`owner${index}@example.com`);
  for (let index = 0; index < SAMPLES; index += 9) {
    await compareLogins(url, [{ name: '', attempt: () => attempt(limited, limitedFrom(index)) }], 1);
  }
  const measured = await compareLogins(url, cases, SAMPLES);
  const reference = measured[0]?.medianMs ?? Number.NaN;
  for (const { name, medianMs, answers } of measured) {
    const ratio = medianMs / reference;
    print(
      `${name}: median ${medianMs.toFixed(2)} ms, ratio ${ratio.toFixed(3)}; ${[...answers].join(' | ')}`,
    );
    if (!isTrial && !(ratio >= RATIO[0] && ratio <= RATIO[1])) faults.push(`${name} is told by its time`);
  }
  if (new Set(measured.flatMap(({ answers }) => [...answers])).size !== 1) faults.push('answers differ');
}

print(`A flood of ${LOGINS_PER_SECOND} logins a second for ${FLOOD_MS / 1000} s`);
await withService(NONE, flood);
print(`\n${SAMPLES} wrong logins of each kind`);
await withService(STRICT, compare);
for (const fault of faults) print(`fault: ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
