import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';

const MODULE = new URL('../../../src/infrastructure/create-logger.js', import.meta.url).href;

const children: ChildProcess[] = [];

/** Runs `code` in a process of its own, where `logger` writes to the standard output. */
function runWithLogger(code: string) {
  const script = `import { createLogger } from '${MODULE}';\nconst logger = createLogger('info');\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'pipe' });
  children.push(child);
  return child;
}

describe('createLogger', () => {
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('writes a line while the process goes on', async () => {
    const child = runWithLogger(`logger.info({ turn: 1 }, 'one'); process.stdin.resume();`);
    const [chunk] = await once(child.stdout, 'data');
    expect(JSON.parse(String(chunk))).to.include({ level: 30, turn: 1, msg: 'one' });
    child.kill();
    await once(child, 'exit');
  });

  for (const end of ['process.exit(0);', "throw new Error('defect');", '']) {
    it(`writes every line before the process ends: ${end || 'nothing left to do'}`, async () => {
      const child = runWithLogger(`for (let i = 0; i < 1000; i += 1) logger.info({ i }, 'line');\n${end}`);
      const lines = (await text(child.stdout)).trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line).i)).to.deep.equal(
        Array.from({ length: 1000 }, (_, i) => i),
      );
    });
  }

  it('keeps little for a reader who takes nothing, and says how many lines are missing', async () => {
    const child = runWithLogger(`
      for (let i = 0; i < 10000; i += 1) logger.info({ i }, 'x'.repeat(1000));
      process.stderr.write('filled');
      process.stdin.once('data', () => { logger.info({}, 'last'); process.exit(0); });`);
    await once(child.stderr, 'data');
    const output = text(child.stdout);
    child.stdin.write('go on');
    const lines = (await output)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const reported = lines.filter((line) => 'dropped' in line);
    const kept = lines.length - reported.length;
    expect(lines.slice(0, kept - 1).map(({ i }) => i)).to.deep.equal(
      Array.from({ length: kept - 1 }, (_, i) => i),
    );
    expect(kept).to.be.within(1000, 3000);
    expect(reported.reduce((sum, { dropped }) => sum + dropped, 0)).to.equal(10_001 - kept);
    expect(reported[0]).to.include({ level: 40, msg: 'log lines were dropped: nobody took them' });
    expect(new Date(reported[0].time).toISOString()).to.equal(reported[0].time);
  });

  it('does not keep the process from its end when nobody takes what is left', async () => {
    const child = runWithLogger(
      `for (let i = 0; i < 10000; i += 1) logger.info({ i }, 'x'.repeat(1000));\nprocess.exit(0);`,
    );
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
  });
});
