import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const MOCHA = join(ROOT, 'node_modules/mocha/bin/mocha.js');
const HOOKS = join(import.meta.dirname, 'mocha-hooks.mjs');
const SIGNALS = ['SIGINT', 'SIGTERM'];

/**
 * Runs specs in a process group of their own, which ends with them, whatever a failed hook has left in it.
 * A run that crashes or tells no counts is one test that failed; so is one that does not end when its tests are over.
 * @param graceMs how long it may take for that.
 * @returns `ran` is false when a signal has ended it.
 */
export async function runMocha(specs, options, graceMs = 20_000) {
  const args = ['--enable-source-maps', MOCHA, '--require', HOOKS, ...options, ...specs];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  let ran = true;
  const passOn = (signal) => {
    ran = false;
    end(child.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, passOn);
  let counts = null;
  let lateness;
  child.on('message', (told) => {
    counts = told;
    lateness = setTimeout(() => {
      process.stderr.write(
        `the tests are over, but their process still runs after ${graceMs} ms: it was ended\n`,
      );
      end(child.pid, 'SIGKILL');
    }, graceMs);
  });
  const [code] = await once(child, 'exit');
  clearTimeout(lateness);
  end(child.pid, 'SIGKILL');
  for (const signal of SIGNALS) process.off(signal, passOn);
  const { passed = 0, failed = 0 } = counts ?? {};
  // Mocha's own code is the number of failures.
  const isFine = counts !== null && code === Math.min(failed, 255);
  return { passed, failed: isFine ? failed : Math.max(1, failed), ran };
}

function end(group, signal) {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
