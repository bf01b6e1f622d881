import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { expect } from 'chai';
import { readConfig } from '#src/infrastructure/config/read-config.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import {
  outputPattern,
  REPOSITORY,
  runInOneShell,
  serviceExamples,
  shellExamples,
} from './shell-examples.js';

const MAX_README_LINES = 230;
const MAX_FIRST_EXAMPLE_LINES = 12;
const examples = shellExamples('README.md');
const root = fileURLToPath(REPOSITORY);

/** The scripts of package.json on what is built already; CI has run `npm ci` itself. */
async function linkRepository(folder: string): Promise<void> {
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  for (const name of ['dist', 'node_modules']) await symlink(join(root, name), join(folder, name));
}

class NpmStart {
  readonly #shell: ChildProcessByStdio<null, Readable, null>;

  /** `npm ci` does nothing in it: a function of the shell stands before npm. */
  constructor(folder: string, command: string) {
    const { PATH = '' } = process.env;
    const npm = 'npm() { if [ "$1" != ci ]; then command npm "$@"; fi; }';
    this.#shell = spawn('bash', ['-c', `${npm}\n${command}`], {
      cwd: folder,
      // A group of its own: npm stands between the shell and the service.
      detached: true,
      env: {
        PATH,
        HOME: folder,
        PORT: '0',
        npm_config_ignore_scripts: 'true',
        npm_config_loglevel: 'silent',
        npm_config_update_notifier: 'false',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** @returns the address that the service says it listens on. */
  url(): Promise<string> {
    return new Promise((resolve, reject) => {
      createInterface(this.#shell.stdout)
        .on('line', (line) => {
          const [, url] = /^FastWrap listens on (\S+)$/.exec(line) ?? [];
          if (url !== undefined) resolve(url);
        })
        .once('close', () => reject(new Error('the service ended before it listened')));
    });
  }

  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#shell;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    process.kill(-pid, 'SIGTERM');
    await once(this.#shell, 'exit');
  }
}

describe('README, typed by its reader', function () {
  this.timeout(60_000);
  let folder: TestFolder;
  let service: NpmStart | undefined;

  before(async () => {
    folder = await makeTestFolder();
  });
  after(async () => {
    await service?.stop();
    await folder?.remove();
  });

  it(`has ${MAX_README_LINES} lines at most`, async () => {
    const lines = (await readFile(join(root, 'README.md'), 'utf8')).trimEnd().split('\n');
    expect(lines).to.have.length.at.most(MAX_README_LINES);
  });

  it('starts the service by its first command, and takes its reader from sign-up to the reply that it shows', async () => {
    const [commands] = examples;
    await linkRepository(folder.path);
    service = new NpmStart(folder.path, commands?.script.split('\n')[0] ?? '');
    const conversation = serviceExamples('README.md');
    const [printed] = await runInOneShell(conversation, await service.url());
    expect(conversation).to.have.length(1);
    expect(conversation[0]?.script.trimEnd().split('\n')).to.have.length.at.most(MAX_FIRST_EXAMPLE_LINES);
    expect(printed?.trimEnd()).to.match(outputPattern(conversation[0]?.output ?? 'nothing is shown'));
  });

  it('configures each real model by variables that the service starts with', () => {
    const models = examples.find(({ title }) => title.includes('A real model'))?.script ?? '';
    const lines = models.split('\n').filter((line) => line.endsWith(' npm start'));
    const providers = lines.map((line) => {
      const variables = line.replaceAll('…', 'example').split(' ').slice(0, -2).join('\n');
      return readConfig({ ...parseEnv(variables) }).model.primary.provider;
    });
    expect(providers).to.deep.equal(['openai', 'mistral', 'openai-compatible']);
  });

  it('writes an .env, for its owner alone, with which the service starts in production', async () => {
    const deploy = examples.find(({ title }) => title.includes('## Deploy'))?.script ?? '';
    const written = deploy.split('\n').filter((line) => line.includes('.env'));
    const file = join(folder.path, '.env');
    await writeFile(file, '');
    await chmod(file, 0o644);
    const { PATH = '' } = process.env;
    const shell = spawn('bash', ['-ec', written.join('\n')], {
      cwd: folder.path,
      env: { PATH },
      stdio: 'ignore',
    });
    expect(await once(shell, 'exit')).to.deep.equal([0, null]);
    const variables = parseEnv((await readFile(file, 'utf8')).replaceAll('…', 'example'));
    const config = readConfig({ ...variables, NODE_ENV: 'production' });
    expect(config.signup).to.equal('operator');
    expect(written).to.have.length(4);
  });
});
