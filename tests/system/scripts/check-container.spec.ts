import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const SCRIPT = fileURLToPath(new URL('../../../../scripts/check-container.mjs', import.meta.url));

describe('The fast check of the container', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fastwrap-recipe-'));
    execFileSync('git', ['init', '-q'], { cwd: folder });
    write('.dockerignore', '*\n!kept.txt\n!src\nsrc/private\n');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(path: string, text = '') {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  function check(...copies: string[]) {
    write('Dockerfile', ['FROM base AS first', ...copies.map((copy) => `COPY ${copy}`), ''].join('\n'));
    const { status, stdout } = spawnSync(process.execPath, [SCRIPT, folder], { encoding: 'utf8' });
    return { status, stdout };
  }

  it('passes when every source is in the context, and leaves other stages alone', () => {
    for (const path of ['kept.txt', 'src/main.ts']) write(path);
    expect(check('kept.txt ./', 'src src', '--from=first /app/dist dist')).to.deep.equal({
      status: 0,
      stdout: 'container: all 2 sources are there\n',
    });
  });

  for (const [what, source] of [
    ['that .dockerignore does not name', 'left-out.txt'],
    ['in a folder that it keeps out', 'src/private/key.txt'],
    ['that nobody wrote', 'src/missing.ts'],
  ] as const)
    it(`fails for a source ${what}, among others`, () => {
      for (const path of ['kept.txt', 'left-out.txt', 'src/private/key.txt', 'src/main.ts']) write(path);
      const { status, stdout } = check(`kept.txt ${source} ./`);
      expect(status).to.equal(1);
      expect(stdout).to.equal(
        `container: the Dockerfile copies ${source}, which .dockerignore keeps out or nobody wrote\n`,
      );
    });

  it('fails for a source that git ignores: a clean clone has it not', () => {
    write('.gitignore', 'src/made\n');
    for (const path of ['src/made', 'src/main.ts']) write(path);
    expect(check('src/made ./').status).to.equal(1);
  });

  for (const recipe of ['--chown=node kept.txt ./', 'src/*.ts ./', '["kept.txt", "./"]'])
    it(`refuses what it cannot read: COPY ${recipe}`, () => {
      write('kept.txt');
      expect(check(recipe).status).to.equal(1);
    });
});
