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
    write('.gitignore', 'src/made\n');
    for (const path of ['kept.txt', 'left-out.txt', 'src/main.ts', 'src/made']) write(path);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(path: string, text = '') {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  function check(ignore: readonly string[], ...copies: string[]) {
    write('.dockerignore', ['*', ...ignore, ''].join('\n'));
    write('Dockerfile', ['FROM base AS first', ...copies.map((copy) => `COPY ${copy}`), ''].join('\n'));
    const { status, stdout } = spawnSync(process.execPath, [SCRIPT, folder], { encoding: 'utf8' });
    return { status, stdout };
  }

  it('passes when every source is let in, and leaves other stages and what git ignores alone', () => {
    const checked = check(['!kept.txt', '!src', 'src/made'], 'kept.txt ./', 'src src', '--from=first /a b');
    expect(checked).to.deep.equal({ status: 0, stdout: 'container: all 2 sources are there\n' });
  });

  for (const [what, ignore, source, fault] of [
    ['copies what is not let in', ['!kept.txt'], 'left-out.txt', '.dockerignore keeps out left-out.txt'],
    [
      'keeps out what a clone has',
      ['!kept.txt', '!src', 'src/main.ts'],
      'src',
      '.dockerignore keeps out src/main.ts, which a clone has',
    ],
    ['copies what nobody wrote', ['!kept.txt', '!missing'], 'missing', 'a clone has no missing'],
    ['copies what git ignores', ['!kept.txt', '!src/made'], 'src/made', 'a clone has no src/made'],
    [
      'lets in more than is copied',
      ['!kept.txt', '!src', '!left-out.txt'],
      'src',
      'nothing copies left-out.txt',
    ],
  ] as const)
    it(`fails for a recipe that ${what}`, () => {
      expect(check(ignore, `kept.txt ${source} ./`)).to.deep.equal({
        status: 1,
        stdout: `container: ${fault}\n`,
      });
    });

  it('fails for a recipe that copies nothing', () => {
    expect(check([])).to.deep.equal({ status: 1, stdout: 'container: the Dockerfile copies nothing\n' });
  });

  for (const recipe of ['--chown=node kept.txt ./', 'src/*.ts ./', '["kept.txt", "./"]', 'kept.txt \\'])
    it(`refuses what it cannot read: COPY ${recipe}`, () => {
      expect(check(['!kept.txt'], recipe)).to.include({ status: 1, stdout: '' });
    });
});
