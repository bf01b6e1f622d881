import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const GRACE_MS = 300;

describe('a run of tests', function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fastwrap-run-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('counts what passes and what fails', async () => {
    const { counts } = await runSpec("it('holds', () => {}); it('fails', () => { throw new Error('no'); });");
    expect(counts).to.deep.equal({ passed: 1, failed: 1, ran: true });
  });

  it('counts a crash as a failure', async () => {
    const { counts } = await runSpec("it('ends all', () => process.exit(0));");
    expect(counts).to.deep.equal({ passed: 0, failed: 1, ran: true });
  });

  it('ends one whose tests are over and that still runs, and counts that as a failure', async () => {
    const { counts, stderr } = await runSpec("it('leaves a timer', () => { setInterval(() => {}, 1000); });");
    expect(counts).to.deep.equal({ passed: 1, failed: 1, ran: true });
    expect(stderr).to.include('still runs after 300 ms');
  });

  it('leaves no process behind when a hook fails', async () => {
    const { counts, stdout } = await runSpec(`
      const { spawn } = require('node:child_process');
      it('starts another', () => {
        const child = spawn('sleep', ['600'], { stdio: 'ignore' });
        child.unref();
        console.log('pid=' + child.pid);
      });
      after(() => { throw new Error('no'); });
    `);
    expect(counts).to.deep.equal({ passed: 1, failed: 1, ran: true });
    const pid = Number(/pid=(\d+)/.exec(stdout)?.[1]);
    expect(pid).to.be.above(0);
    expect(await stateOf(pid)).to.be.oneOf(['', 'Z']);
  });

  async function runSpec(
    body: string,
  ): Promise<{ readonly counts: unknown; readonly stdout: string; readonly stderr: string }> {
    const spec = join(folder, 'planted.spec.cjs');
    await writeFile(spec, body);
    const runner = resolve('scripts/run-mocha.mjs');
    const script = `
      const { runMocha } = await import(${JSON.stringify(runner)});
      console.log('counts=' + JSON.stringify(await runMocha([${JSON.stringify(spec)}], [], ${GRACE_MS})));
    `;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', script]);
    return { counts: JSON.parse(/counts=(.*)/.exec(stdout)?.[1] ?? 'null'), stdout, stderr };
  }
});

/** @returns what `ps` calls it, `Z` for one that has ended and nobody has asked after; empty when there is none. */
async function stateOf(pid: number): Promise<string> {
  const ended = ({ stdout }: { readonly stdout: string }): { readonly stdout: string } => ({ stdout });
  const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)]).catch(ended);
  return stdout.trim().charAt(0);
}
