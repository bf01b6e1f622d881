import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const NOT_COPIED = ['.git', 'node_modules', 'data', 'backup', '.env'];

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  /** Both outputs, for whoever reads of a failure. */
  readonly output: string;
}

/** The repository as it is built, in a folder where commands may write what they like. */
export class RepositoryCopy {
  readonly #folder: TestFolder;

  private constructor(folder: TestFolder) {
    this.#folder = folder;
  }

  static async make(): Promise<RepositoryCopy> {
    const folder = await makeTestFolder();
    const target = join(folder.path, 'repository');
    await mkdir(target);
    for (const name of await readdir(ROOT)) {
      if (NOT_COPIED.includes(name)) continue;
      // What is newer than the build's stamp would be built again.
      await cp(join(ROOT, name), join(target, name), { recursive: true, preserveTimestamps: true });
    }
    await symlink(join(ROOT, 'node_modules'), join(target, 'node_modules'));
    return new RepositoryCopy(folder);
  }

  get path(): string {
    return join(this.#folder.path, 'repository');
  }

  read(path: string): Promise<string> {
    return readFile(join(this.path, path), 'utf8');
  }

  write(path: string, text: string): Promise<void> {
    return writeFile(join(this.path, path), text);
  }

  /** Runs a command to its end; of the environment it sees PATH and what is given. */
  async run(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    const { PATH = '' } = process.env;
    const quiet = { npm_config_loglevel: 'silent', npm_config_update_notifier: 'false' };
    const child = spawn(program, args, {
      cwd: this.path,
      env: { PATH, HOME: this.#folder.path, ...quiet, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code]] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      once(child, 'exit'),
    ]);
    return { code, stdout, output: `${stdout}${stderr}` };
  }

  remove(): Promise<void> {
    return this.#folder.remove();
  }
}
