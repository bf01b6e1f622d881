import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MOCHA = 'node_modules/mocha/bin/mocha.js';
/** A process in which no test ends for so long hangs: mocha ends every test before. */
const HANGS_MS = 45_000;
/** Until it runs at all: what it is run through may let it wait. */
const MAX_WAIT_MS = 900_000;
/** Mocha loads all before it runs the first: few at a time, so that the nearest answer soon. */
const AT_ONCE = [4, 12, 30];

/** Runs specs in a copy of the compiled code until one is red. */
export class SpecRunner {
  #folder;
  #through;
  #deadlineMs;
  /** Whether a spec is green where nothing is changed. */
  #sound = new Map();

  constructor({ folder, through, deadlineMs }) {
    this.#folder = folder;
    this.#through = through;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * @param makeWhole puts the code back, to see whether a spec is red without a change, too.
   * @returns `caught` and by what; `timed out` where a test process hung; `survived` where all specs were green, and
   * `unclear` where the time was over before.
   */
  async run(specs, makeWhole, change) {
    let leftMs = this.#deadlineMs;
    let left = specs.filter((spec) => this.#sound.get(spec) !== false);
    let round = 0;
    let ran = 0;
    while (left.length > 0 && leftMs > 0) {
      const batch = left.slice(0, AT_ONCE[Math.min(round, AT_ONCE.length - 1)]);
      const result = await this.#mocha(batch, leftMs);
      leftMs -= result.tookMs;
      if (result.kind === 'late') break;
      if (result.kind === 'green') {
        left = left.slice(batch.length);
        ran += batch.length;
        round += 1;
        continue;
      }
      const suspects = result.spec === null ? batch : [result.spec];
      makeWhole();
      for (const spec of suspects) {
        if (this.#sound.has(spec)) continue;
        const { kind } = await this.#mocha([spec], this.#deadlineMs);
        this.#sound.set(spec, kind === 'green');
      }
      change();
      if (suspects.every((spec) => this.#sound.get(spec))) {
        return { outcome: result.kind === 'hung' ? 'timed out' : 'caught', by: result.title };
      }
      left = left.filter((spec) => this.#sound.get(spec) !== false);
    }
    const outcome = left.length === 0 ? 'survived' : 'unclear';
    return { outcome, by: `${ran} of ${ran + left.length} specs` };
  }

  /** @returns `green`, `late`, or `red` and `hung` with the spec and the test, where that is known. */
  #mocha(specs, maxMs) {
    const command = [
      ...this.#through,
      ...[process.execPath, MOCHA, '--exit', '--bail', '--reporter', 'json-stream'],
      ...specs.map((spec) => join('dist', spec)),
    ];
    const child = spawn(command[0], command.slice(1), {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const endWithUs = () => kill(child.pid);
    process.once('exit', endWithUs);
    let failed = null;
    let ended = null;
    const spawnedAt = performance.now();
    let beganAt = null;
    let heardAt = null;
    const watch = setInterval(() => {
      const now = performance.now();
      if (beganAt === null ? now - spawnedAt > MAX_WAIT_MS : now - beganAt > maxMs) ended ??= 'late';
      if (heardAt !== null && now - heardAt > HANGS_MS) ended ??= 'hung';
      if (ended !== null) kill(child.pid);
    }, 500);
    createInterface({ input: child.stdout }).on('line', (line) => {
      heardAt = performance.now();
      beganAt ??= heardAt;
      if (!line.startsWith('["fail"')) return;
      const [, { fullTitle, file }] = JSON.parse(line);
      failed ??= { fullTitle, file };
    });
    return new Promise((resolve) => {
      child.once('close', (code) => {
        clearInterval(watch);
        process.off('exit', endWithUs);
        // Whatever its tests have started and left.
        kill(child.pid);
        const tookMs = beganAt === null ? 0 : performance.now() - beganAt;
        const spec = specs.find((path) => failed?.file?.endsWith(path)) ?? null;
        if (failed !== null) resolve({ kind: 'red', spec, title: failed.fullTitle, tookMs });
        else if (ended === 'hung') resolve({ kind: 'hung', spec, title: 'a process that hung', tookMs });
        else if (ended === 'late') resolve({ kind: 'late', tookMs });
        else if (code === 0) resolve({ kind: 'green', tookMs });
        else resolve({ kind: 'red', spec, title: 'a process that failed', tookMs });
      });
    });
  }
}

/** A process with those that it has started. */
function kill(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
