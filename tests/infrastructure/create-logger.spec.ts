import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';

const MODULE = new URL('../../src/infrastructure/create-logger.js', import.meta.url).href;

/** Runs `code` in a process of its own, where `logger` writes to the standard output. */
function runWithLogger(code: string) {
  const script = `import { createLogger } from '${MODULE}';\nconst logger = createLogger('info');\n${code}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

describe('createLogger', () => {
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
});
