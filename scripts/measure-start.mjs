/**
 * `node scripts/measure-start.mjs [rounds]`: how long the built server takes from the start of its process to its first
 * 200 from /health, and how much memory it holds idle. Each round has an empty folder: the database is made and migrated.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const MAIN = join(import.meta.dirname, '../dist/src/infrastructure/main.js');
const ROUNDS = Number(process.argv[2] ?? 10);
const POLL_MS = 5;
const GIVE_UP_MS = 30_000;
const IDLE_AFTER_MS = 3000;

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function isHealthy(port) {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path: '/health', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => resolve(false));
  });
}

/** Linux alone says these of another process. */
function readProcess(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [userTicks, systemTicks] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return {
      rssMb: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024,
      cpuMs: (Number(userTicks) + Number(systemTicks)) * 10,
    };
  } catch {
    return { rssMb: Number.NaN, cpuMs: Number.NaN };
  }
}

async function measure() {
  const folder = await mkdtemp(join(tmpdir(), 'fastwrap-start-'));
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: String(port), LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    while (!(await isHealthy(port))) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
      if (performance.now() - startedAt > GIVE_UP_MS) throw new Error('the server does not answer');
      await delay(POLL_MS);
    }
    const startMs = performance.now() - startedAt;
    const { cpuMs } = readProcess(child.pid);
    await delay(IDLE_AFTER_MS);
    return { startMs, cpuMs, rssMb: readProcess(child.pid).rssMb };
  } finally {
    child.kill();
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}

function summary(name, values, unit) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.floor(middle - 0.5)] + sorted[Math.floor(middle)]) / 2;
  const text = [sorted[0], median, sorted.at(-1)].map((value) => value.toFixed(0).padStart(6)).join(' ');
  return `${name.padEnd(32)}${text}  ${unit}\n`;
}

const rounds = [];
for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure());

const cores = cpus();
process.stdout.write(
  `Node ${process.version}, ${process.platform} ${process.arch}, ${cores.length} cores (${cores[0]?.model ?? 'unknown'}), ` +
    `load ${loadavg()[0].toFixed(1)}, ${ROUNDS} starts\n`,
);
process.stdout.write(`${''.padEnd(32)}   min median    max\n`);
process.stdout.write(
  summary(
    'start to first 200 of /health',
    rounds.map(({ startMs }) => startMs),
    'ms',
  ),
);
process.stdout.write(
  summary(
    'processor time until then',
    rounds.map(({ cpuMs }) => cpuMs),
    'ms',
  ),
);
process.stdout.write(
  summary(
    `memory ${IDLE_AFTER_MS / 1000} s later (RSS)`,
    rounds.map(({ rssMb }) => rssMb),
    'MB',
  ),
);
