import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { SeededRandom } from '#tests/support/fixtures/seeded-random.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';
import { AcknowledgedWrites } from './acknowledged-writes.js';
import { assertOneLine, operate, startAndFail } from './operator.js';
import { type StoredState, storedState } from './stored-state.js';

export interface DrillOptions {
  /** An empty one, which is whose runs it to remove. */
  readonly folder: string;
  readonly seed: number;
  /** Before the backup, and again after it. */
  readonly writes: number;
}

/** One step of the drill, which throws where a promise is broken. @returns a remark for the table. */
export type Step = readonly [name: string, run: () => Promise<string>];

const PARALLEL = 4;
const OTHER_SECRET = 'x'.repeat(32);

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** What an operator may have to do, in order; each step counts on those before it. */
export class Drill {
  readonly #options: DrillOptions;
  readonly #writes: AcknowledgedWrites;
  readonly #cwd: string;
  readonly #backup: string;
  #server: ServerProcess | undefined;
  #backedUp: StoredState = { ids: new Set(), rows: '' };

  constructor(options: DrillOptions) {
    this.#options = options;
    this.#writes = new AcknowledgedWrites(new SeededRandom(options.seed));
    this.#cwd = join(options.folder, 'service');
    this.#backup = join(options.folder, 'backups', 'first');
    mkdirSync(this.#cwd);
  }

  get steps(): readonly Step[] {
    return [
      ['backup under load', () => this.#backUpUnderLoad()],
      ['restore beside the running service', () => this.#restoreBesideService()],
      ['kill -9, restore into the same folder', () => this.#restoreAfterKill()],
      ['restore into an empty folder', () => this.#restoreElsewhere()],
      ['backup of a missing database', () => this.#refusedBackup({ cwd: this.#options.folder })],
      ['backup into a folder that is not empty', () => this.#refusedBackup({ target: this.#backup })],
      ['backup onto a full disk', () => this.#refusedBackup({ maxFileKib: 8 })],
      ['backup with a wrong secret', () => this.#refusedBackup({ env: { FASTWRAP_SECRET: OTHER_SECRET } })],
      ['restore without the secret', () => this.#refusedRestore((to) => rmSync(`${to}/fastwrap.db.secret`))],
      ['restore without the database', () => this.#refusedRestore((to) => rmSync(`${to}/fastwrap.db`))],
      ['restore of a damaged database', () => this.#refusedRestore(damage)],
      ['restore onto a full disk', () => this.#refusedRestore(() => undefined, 8)],
      ['restore that was cut off', () => this.#restoreCutOff()],
      [
        'start with a wrong secret',
        () => this.#refusedStart(() => undefined, { FASTWRAP_SECRET: OTHER_SECRET }),
      ],
      ['start without the secret', () => this.#refusedStart((data) => rmSync(`${data}/fastwrap.db.secret`))],
      ['start on an unreadable file', () => this.#refusedStart(makeUnreadable)],
      [
        'start on a damaged file',
        () => this.#refusedStart((data) => writeFileSync(`${data}/fastwrap.db`, 'x'.repeat(9000))),
      ],
      ['disk full while the service runs', () => this.#fillDisk()],
    ];
  }

  async end(): Promise<void> {
    await this.#server?.kill();
  }

  get #file(): string {
    return join(this.#cwd, 'data/fastwrap.db');
  }

  async #start(cwd = this.#cwd): Promise<ServerProcess> {
    this.#server = await ServerProcess.start({ cwd, env: { LOG_LEVEL: 'warn' } });
    return this.#server;
  }

  async #stop(): Promise<void> {
    this.#server?.send('SIGTERM');
    await this.#server?.exited;
  }

  async #backUpUnderLoad(): Promise<string> {
    const url = await (await this.#start()).url();
    await this.#writes.write(url, this.#options.writes, PARALLEL);
    const before = new Set(this.#writes.ids);
    const load = this.#writes.write(url, this.#options.writes, PARALLEL);
    const outcome = await operate('backup', this.#backup, { cwd: this.#cwd });
    const during = new Set(this.#writes.ids);
    await load;
    check(outcome.code === 0, outcome.stderr);
    this.#backedUp = await storedState(join(this.#backup, 'fastwrap.db'));
    const missing = [...before].filter((id) => !this.#backedUp.ids.has(id));
    check(missing.length === 0, `${missing.length} acknowledged writes are not in the backup`);
    const modes = ['', 'fastwrap.db', 'fastwrap.db.secret'].map((name) =>
      (statSync(join(this.#backup, name)).mode & 0o777).toString(8),
    );
    check(modes.join() === '700,600,600', `modes ${modes}`);
    return `${before.size} writes before it, ${during.size - before.size} during it`;
  }

  async #restoreBesideService(): Promise<string> {
    const before = await storedState(this.#file);
    const line = assertOneLine(await operate('restore', this.#backup, { cwd: this.#cwd }));
    check((await storedState(this.#file)).rows === before.rows, 'it changed the database');
    return line;
  }

  async #restoreAfterKill(): Promise<string> {
    const url = (await this.#server?.url()) ?? '';
    await this.#writes.write(url, PARALLEL, PARALLEL);
    await this.#server?.kill();
    const { size } = statSync(`${this.#file}-wal`);
    check(size > 0, 'no write-ahead log was left');
    await this.#restoreTo(this.#cwd);
    return `over ${size} bytes of -wal`;
  }

  async #restoreElsewhere(): Promise<string> {
    const cwd = join(this.#options.folder, 'elsewhere');
    mkdirSync(cwd);
    await this.#restoreTo(cwd);
    return '';
  }

  /** The state is the backup's, by the file and by what the service serves of it. */
  async #restoreTo(cwd: string): Promise<void> {
    const outcome = await operate('restore', this.#backup, { cwd });
    check(outcome.code === 0, outcome.stderr);
    const file = join(cwd, 'data/fastwrap.db');
    check(!existsSync(`${file}-wal`) && !existsSync(`${file}-shm`), 'side files are left');
    await this.#start(cwd);
    await this.#stop();
    check((await storedState(file)).rows === this.#backedUp.rows, 'the state is not that of the backup');
  }

  async #refusedBackup(how: {
    cwd?: string;
    target?: string;
    maxFileKib?: number;
    env?: Record<string, string>;
  }): Promise<string> {
    const backups = join(this.#options.folder, 'backups');
    const before = readdirSync(backups, { recursive: true }).sort().join();
    const { cwd = this.#cwd, target = join(backups, 'second'), ...options } = how;
    const line = assertOneLine(await operate('backup', target, { cwd, ...options }));
    check(readdirSync(backups, { recursive: true }).sort().join() === before, 'it left something');
    return line;
  }

  async #refusedRestore(spoil: (backup: string) => void, maxFileKib?: number): Promise<string> {
    const backup = join(this.#options.folder, 'spoiled');
    cpSync(this.#backup, backup, { recursive: true });
    spoil(backup);
    const options = maxFileKib === undefined ? {} : { maxFileKib };
    const line = assertOneLine(await operate('restore', backup, { cwd: this.#cwd, ...options }));
    rmSync(backup, { recursive: true });
    await this.#assertUntouched();
    return line;
  }

  async #restoreCutOff(): Promise<string> {
    cpSync(join(this.#backup, 'fastwrap.db'), `${this.#file}.restoring`);
    const line = assertOneLine(await startAndFail(this.#cwd));
    await this.#restoreTo(this.#cwd);
    return line;
  }

  /** Refused while something is amiss; all is there when it is put right. */
  async #refusedStart(spoil: (data: string) => void, env: Record<string, string> = {}): Promise<string> {
    const data = join(this.#cwd, 'data');
    const aside = join(this.#options.folder, 'aside');
    cpSync(data, aside, { recursive: true });
    spoil(data);
    const line = assertOneLine(await startAndFail(this.#cwd, env));
    rmSync(data, { recursive: true });
    cpSync(aside, data, { recursive: true });
    rmSync(aside, { recursive: true });
    await this.#assertUntouched();
    return line;
  }

  async #assertUntouched(): Promise<void> {
    check((await storedState(this.#file)).rows === this.#backedUp.rows, 'something was lost');
  }

  async #fillDisk(): Promise<string> {
    const server = await this.#start();
    const api = new ApiClient(await server.url());
    const limit = (bytes: string) => execFileSync('prlimit', ['--pid', `${server.pid}`, `--fsize=${bytes}:`]);
    const statusOf = async () => (await api.get('/health')).body.checks.database;
    const signUp = (email: string) => api.post('/auth/signup', { email, password: 'correct horse battery' });
    limit('4096');
    const refused = await signUp('full@example.com');
    check(refused.status === 503, `a sign-up was answered ${refused.status}`);
    check((await statusOf()) === 'down', 'health did not see it');
    limit('unlimited');
    check((await statusOf()) === 'ok', 'health did not see that there is room again');
    const accepted = await signUp('room@example.com');
    check(accepted.status === 201, `a sign-up was answered ${accepted.status}`);
    await this.#stop();
    const lines = server.stdout.split('\n').filter((line) => line.includes(this.#file));
    check(lines.length >= 1, 'no line names the file');
    const after = await storedState(this.#file);
    check(
      [...this.#backedUp.ids].every((id) => after.ids.has(id)),
      'something was lost',
    );
    check(after.ids.has(accepted.body.client.id), 'what was acknowledged is lost');
    return `${refused.body.code}, then 201`;
  }
}

function damage(backup: string): void {
  const file = `${backup}/fastwrap.db`;
  writeFileSync(file, Buffer.alloc(statSync(file).size - 4096, 0x55), { flag: 'r+' });
}

/** To root nothing is unreadable but what is no file. */
function makeUnreadable(data: string): void {
  rmSync(`${data}/fastwrap.db`);
  mkdirSync(`${data}/fastwrap.db`);
}
