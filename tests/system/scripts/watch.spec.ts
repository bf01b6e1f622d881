import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const SCRIPT = join(ROOT, 'scripts/watch.mjs');

describe('Watching', function () {
  this.timeout(120_000);
  let folder: string;
  let watching: ChildProcess | undefined;
  let output: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fastwrap-watch-'));
    output = '';
    write('package.json', '{ "type": "module" }');
    write(
      'scripts/build.mjs',
      "import { execFileSync } from 'node:child_process';\nexecFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);\n",
    );
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      rootDir: '.',
      outDir: 'dist',
      types: ['node', 'mocha'],
      strict: true,
    };
    const settings = JSON.stringify({ compilerOptions, include: ['src', 'tests'] });
    for (const name of ['tsconfig.json', 'tsconfig.build.json']) write(name, settings);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  });

  afterEach(async () => {
    if (watching?.kill('SIGTERM')) await once(watching, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  function watch(...args: string[]): ChildProcess {
    watching = spawn(process.execPath, [SCRIPT, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    watching.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    return watching;
  }

  /** Waits for it in what has been printed since the last time. */
  async function shown(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(output);
      if (match !== null) {
        output = output.slice(match.index + match[0].length);
        return match[1] ?? '';
      }
      const stdout = watching?.stdout;
      if (!stdout) throw new Error('nothing is watched');
      await once(stdout, 'data');
    }
  }

  /** A server that reports its process and its text, and stays. */
  function server(declaration: string): string {
    return `${declaration}\nprocess.stdout.write(\`<\${word} \${process.pid}>\`);\nsetInterval(() => {}, 1000);\n`;
  }

  function isRunning(pid: string): boolean {
    try {
      return process.kill(Number(pid), 0);
    } catch {
      return false;
    }
  }

  it('serves, begins anew after each change, survives a type error, and ends everything on Ctrl-C', async () => {
    const main = 'src/infrastructure/main.ts';
    write(main, server("const word = 'one';"));
    const script = watch('serve');
    const first = await shown(/<one (\d+)>/);
    await shown(/Watching for file changes/);

    write(main, server("const word: number = 'two';"));
    await shown(/error TS2322/);
    write(main, server("const word: string = 'three';"));
    const last = await shown(/<three (\d+)>/);
    expect(isRunning(first), 'the first server').to.equal(false);
    expect(isRunning(last), 'the last server').to.equal(true);

    script.kill('SIGINT');
    await once(script, 'exit');
    expect(isRunning(last), 'after the end').to.equal(false);
  });

  it('runs the specs anew after each change of them or of what they import', async () => {
    const spec = "import { word } from '../src/word.js';\ndescribe(word, () => it('is', () => {}));\n";
    write('src/word.ts', "export const word = 'one';\n");
    write('tests/word.spec.ts', spec);
    const script = watch('test', 'tests/word.spec.ts');
    await shown(/one\s+✔ is\s+1 passing/);
    await shown(/Watching for file changes/);
    write('src/word.ts', "export const word = 'two';\n");
    await shown(/two\s+✔ is\s+1 passing/);
    script.kill('SIGINT');
    await once(script, 'exit');
  });

  it('begins anew after a change of Lua, which it copies', async () => {
    const read =
      "import { readFileSync } from 'node:fs';\nconst word = readFileSync('dist/src/word.lua', 'utf8');";
    write('src/infrastructure/main.ts', server(read));
    write('src/word.lua', 'one');
    write('dist/src/word.lua', 'one');
    const script = watch('serve');
    await shown(/<one \d+>/);
    await shown(/Watching for file changes/);
    write('src/word.lua', 'two');
    await shown(/<two \d+>/);
    script.kill('SIGINT');
    await once(script, 'exit');
  });

  it('asks for specs', async () => {
    const script = spawn(process.execPath, [SCRIPT, 'test'], { stdio: 'ignore' });
    expect(await once(script, 'exit')).to.deep.equal([1, null]);
  });
});
