import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';
import { type CommandResult, RepositoryCopy } from './repository-copy.js';

/** Each is shown to run, in its shortest form; what it finds is not the subject. */
describe('The commands that nothing else runs', function () {
  this.timeout(120_000);
  let copy: RepositoryCopy;

  before(async () => {
    copy = await RepositoryCopy.make();
  });
  after(() => copy?.remove());

  async function succeed(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    const result = await copy.run(program, args, env);
    expect(result.code, result.output).to.equal(0);
    return result;
  }
  const node = (...args: string[]) => succeed(process.execPath, args);
  const npm = (...args: string[]) => succeed('npm', args);

  describe('that measure', () => {
    it('npm run bench: seven servers, plain and streamed', async () => {
      const { stdout } = await npm('run', 'bench', '--', '--trial');
      const rows = stdout.match(/^\| \S.*, (?:plain|streamed) +(?:\| +[\d.]* ){9}\|$/gm);
      expect(rows, stdout).to.have.length(14);
    });

    it('node dist/bench/profile.js: functions and modules by their share', async () => {
      const { stdout } = await node('dist/bench/profile.js', '--trial');
      for (const title of ['self time by function', 'self time by module']) {
        expect(stdout).to.match(new RegExp(`^${title}\n +[\\d.]+ %  \\S`, 'm'));
      }
    });

    it('npm run bench:logins: reads beside a flood, and three kinds of wrong logins', async () => {
      const { stdout } = await npm('run', 'bench:logins', '--', '--trial');
      expect(stdout).to.match(/^reads: p50 [\d.]+ ms, p99 [\d.]+ ms, failed 0$/m);
      expect(stdout.match(/^.*: median [\d.]+ ms, ratio [\d.]+; 401 /gm), stdout).to.have.length(3);
    });

    it('node scripts/measure-start.mjs: one start', async () => {
      const { stdout } = await node('scripts/measure-start.mjs', '1');
      expect(stdout.match(/^.{32}(?: +\d+){3} {2}(?:ms|MB)$/gm), stdout).to.have.length(3);
    });
  });

  describe('that try reliability', () => {
    it('cluster.mjs: a turn while a slot moves', async () => {
      const { stdout } = await node('scripts/reliability/cluster.mjs', '--grep', 'while a slot moves');
      expect(stdout).to.match(/^ +1 passing/m);
    });

    it('sentinel.mjs: one failover', async () => {
      const { stdout } = await node('scripts/reliability/sentinel.mjs', '--grep', 'after failover 1,');
      expect(stdout)
        .to.match(/^ +1 passing/m)
        .and.to.match(/no turn for \d+ ms; of \d+ acknowledged/);
    });

    it('history-checker.mjs: one small run', async () => {
      const small = ['--runs', '1', '--lanes', '1', '--writers', '4', '--turns', '3'];
      const { stdout } = await node('scripts/reliability/history-checker.mjs', ...small);
      expect(stdout).to.match(/: 1 runs; turns: \d+ acknowledged .*faults: kill \d+/);
    });

    it('mutants.mjs: one mutant of a small file, which is caught', async () => {
      const one = ['--runs', '1', '--seed', '2', '--deadline', '60', 'domain/usage/utc-day'];
      const { stdout } = await node('scripts/reliability/mutants.mjs', ...one);
      expect(stdout).to.match(/^1 caught domain\/usage\/utc-day\.js:\d+ /m);
      expect(stdout).to.include('noticed 100.0 % of what is clear');
    });

    it('attack.mjs: one family', async () => {
      const { stdout } = await node('scripts/reliability/attack.mjs', '--family', 'refusals', '--quick');
      expect(stdout)
        .to.match(/^\| refusals \|.*\| ok +\|$/m)
        .and.to.match(/: withstood$/m);
    });
  });

  describe('that write files of the repository', () => {
    for (const [script, ...paths] of [
      ['openapi', 'openapi.json'],
      ['configuration', 'docs/operations/configuration.md', '.env.example'],
    ] as const) {
      it(`npm run ${script}: ${paths.join(', ')}`, async () => {
        const committed = await Promise.all(paths.map((path) => copy.read(path)));
        for (const [index, path] of paths.entries()) {
          await copy.write(path, (committed[index] ?? '').replaceAll('characters', 'something else'));
        }
        await npm('run', script);
        expect(await Promise.all(paths.map((path) => copy.read(path)))).to.deep.equal(committed);
      });
    }

    it('npm run format: what is not formatted', async () => {
      const path = 'src/domain/usage/utc-day.ts';
      const formatted = await copy.read(path);
      await copy.write(path, formatted.replaceAll(';\n', '   ;\n'));
      await npm('run', 'format');
      expect(await copy.read(path)).to.equal(formatted);
    });

    it('npm version: package.json and its lock', async () => {
      await npm('version', '9.8.7', '--no-git-tag-version');
      for (const path of ['package.json', 'package-lock.json']) {
        expect(await copy.read(path)).to.match(/^ {2}"version": "9\.8\.7"/m);
      }
    });
  });

  it('npm run backup, npm run restore: what the service had', async () => {
    const file = join(copy.path, 'data', 'fastwrap.db');
    const start = () => ServerProcess.start({ cwd: copy.path, env: { DATABASE_URL: `sqlite:${file}` } });
    const first = await start();
    const { apiKey } = await new ApiClient(await first.url()).signUp();
    await npm('run', 'backup', '--', 'backup/first');
    await first.kill();
    await rm(join(copy.path, 'data'), { recursive: true });
    await npm('run', 'restore', '--', 'backup/first');
    const again = await start();
    const { status } = await new ApiClient(await again.url(), apiKey).get('/api/clients/me');
    await again.kill();
    expect(status).to.equal(200);
  });
});
