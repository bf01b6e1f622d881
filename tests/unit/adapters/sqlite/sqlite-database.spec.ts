import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { spy, stub } from 'sinon';
import { open as openDriver } from 'sqlite';
import sqlite3 from 'sqlite3';
import { OpenedFile } from '#src/adapters/sqlite/database/opened-file.js';
import { SqliteConnection, type SqlValue } from '#src/adapters/sqlite/database/sqlite-connection.js';
import { SqliteDatabase, type SqliteDatabaseOptions } from '#src/adapters/sqlite/database/sqlite-database.js';
import { MIGRATIONS } from '#src/adapters/sqlite/migrations/migrations.js';
import { SqliteCharacterRepository } from '#src/adapters/sqlite/repositories/sqlite-character-repository.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/repositories/sqlite-client-repository.js';
import { AppError } from '#src/domain/errors.js';
import {
  by,
  characterOf,
  codeOf,
  credentialsOf,
  idOf,
  keyOf,
  MANY,
} from '#tests/contracts/client-repository.contract.js';

const UNPRIVILEGED_PROCESS = fileURLToPath(new URL('./unprivileged-process.js', import.meta.url));

const META_KEYS = 'SELECT key FROM meta ORDER BY key';
const ADD_META = `INSERT INTO meta VALUES (?, '')`;

describe('SqliteDatabase', () => {
  let folder: string;
  let path: string;
  let opened: SqliteDatabase[];

  const open = async (options?: SqliteDatabaseOptions) => {
    const database = await SqliteDatabase.open(path, options);
    opened.push(database);
    return database;
  };

  const failureOf = async (call: Promise<unknown>) => {
    try {
      await call;
    } catch (error) {
      return error instanceof Error ? error : new Error('not an Error');
    }
    throw new Error('it resolved');
  };

  /** Keeps the writing connection busy inside a transaction that has written `key`, until it is released. */
  const holdTransaction = async (database: SqliteDatabase, key: string) => {
    const gate = new EventEmitter();
    const begun = once(gate, 'begun');
    const result = database.transaction(async (run) => {
      await run(ADD_META, [key]);
      const ended = once(gate, 'end');
      gate.emit('begun');
      await ended;
    });
    void result.catch(() => undefined);
    await begun;
    return { end: () => gate.emit('end'), fail: (error: Error) => gate.emit('error', error), result };
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fastwrap-database-'));
    path = join(folder, 'made', 'here', 'test.db');
    opened = [];
  });

  afterEach(async () => {
    for (const database of opened) await database.close();
    await rm(folder, { recursive: true });
  });

  describe('opening', () => {
    it('makes folders and files that nobody else may read', async () => {
      const database = await open();
      await database.writeMetaOnce('a', 'b');
      const made = join(folder, 'made', 'here');
      expect((await stat(join(folder, 'made'))).mode & 0o777).to.equal(0o700);
      expect((await stat(made)).mode & 0o777).to.equal(0o700);
      const files = await readdir(made);
      expect(files.sort()).to.deep.equal(['test.db', 'test.db-shm', 'test.db-wal']);
      for (const file of files) expect((await stat(join(made, file))).mode & 0o777).to.equal(0o600);
    });

    it('sets the pragmas on both connections, and lets one of them only read', async () => {
      const database = await open();
      const expected = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1, timeout: 5000 };
      for (const run of [database.read, database.write]) {
        const rows = await Promise.all(
          ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout'].map((name) =>
            run<object>(`PRAGMA ${name}`),
          ),
        );
        expect(Object.assign({}, ...rows.flat())).to.deep.equal(expected);
      }
      expect(await codeOf(database.read(ADD_META, ['a']))).to.equal('database_unavailable');
    });

    it('has strict tables alone', async () => {
      const database = await open();
      const loose = await database.read(
        `SELECT name FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'`,
      );
      expect(loose).to.deep.equal([]);
    });

    it('keeps everything when it is closed and opened again', async () => {
      const first = await open();
      await new SqliteClientRepository(first).create(credentialsOf(1), keyOf(11));
      await new SqliteCharacterRepository(first).create(idOf(1), characterOf(21), MANY);
      await first.close();
      const second = await open();
      expect(await new SqliteClientRepository(second).findCredentials(idOf(1))).to.deep.equal(
        credentialsOf(1),
      );
      expect(await new SqliteCharacterRepository(second).find(idOf(1), idOf(21))).to.deep.equal(
        characterOf(21),
      );
      expect(await second.read('SELECT count(*) AS count FROM schema_migrations')).to.deep.equal([
        { count: MIGRATIONS.length },
      ]);
    });

    it('refuses a newer schema with a sentence for the operator, and leaves it as it is', async () => {
      const database = await open();
      await database.write(`INSERT INTO schema_migrations VALUES (99, 'from the future', '')`);
      await database.close();
      const error = await failureOf(open());
      expect(error.message).to.include(path).and.to.include('version 99');
      const connection = await SqliteConnection.open(path, 'read');
      expect(await connection.run('SELECT version FROM schema_migrations')).to.deep.equal([
        ...MIGRATIONS.map(({ version }) => ({ version })),
        { version: 99 },
      ]);
      await connection.close();
    });

    it('refuses a file that is no database, and a place where none can be', async () => {
      path = join(folder, 'letter.txt');
      await writeFile(path, 'Dear reader, '.repeat(1000));
      expect((await failureOf(open())).message)
        .to.include(path)
        .and.to.include('SQLITE_NOTADB');
      path = join(folder, 'letter.txt', 'test.db');
      expect((await failureOf(open())).message).to.include(path);
    });

    for (const suffix of ['', '-wal', '-shm']) {
      it(`names the file that it may not write${suffix && `, be it the database's${suffix}`}`, async () => {
        path = join(folder, 'test.db');
        await (await SqliteDatabase.open(path)).close();
        await chmod(folder, 0o777);
        for (const each of ['', '-wal', '-shm']) {
          await writeFile(path + each, '', { flag: 'a' });
          await chmod(path + each, each === suffix ? 0o444 : 0o666);
        }
        const child = fork(UNPRIVILEGED_PROCESS, [path], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
        const [message] = await once(child, 'message');
        expect(message).to.include('EACCES').and.to.include(`'${path}${suffix}'`);
      });
    }

    it('waits with the switch to the write-ahead log until another process has written', async () => {
      path = join(folder, 'test.db');
      const other = await openDriver({ filename: path, driver: sqlite3.Database });
      await other.exec('BEGIN IMMEDIATE; CREATE TABLE other (x TEXT)');
      const opening = open();
      for (let step = 0; step < 20; step += 1) await other.get('SELECT 1');
      await other.exec('COMMIT');
      await other.close();
      expect(await (await opening).read('PRAGMA journal_mode')).to.deep.equal([{ journal_mode: 'wal' }]);
    });

    it('can be done three times at once in one process on a file that is not there yet', async () => {
      const databases = await Promise.all(Array.from({ length: 3 }, () => open()));
      await Promise.all(
        databases.map((database, index) =>
          new SqliteClientRepository(database).create(credentialsOf(index), keyOf(index)),
        ),
      );
      for (const database of databases) {
        expect(await database.read('SELECT count(*) AS count FROM clients')).to.deep.equal([{ count: 3 }]);
      }
    });
  });

  describe('reading and writing', () => {
    it('shows a write of this and of another instance to the next read', async () => {
      const [here, there] = [await open(), await open()];
      const counts = [];
      for (const writer of [here, there, here]) {
        counts.push(await here.read('SELECT count(*) AS count FROM meta'));
        await writer.write(ADD_META, [String(counts.length)]);
      }
      expect(counts.flat()).to.deep.equal([{ count: 0 }, { count: 1 }, { count: 2 }]);
      expect(await here.read(META_KEYS)).to.deep.equal([{ key: '1' }, { key: '2' }, { key: '3' }]);
    });

    it('shows nothing of a transaction before its end, and nothing of one that failed', async () => {
      const database = await open();
      const held = await holdTransaction(database, 'kept');
      expect(await database.read(META_KEYS)).to.deep.equal([]);
      held.end();
      await held.result;
      const failing = await holdTransaction(database, 'undone');
      failing.fail(new AppError('email_taken'));
      expect(await codeOf(failing.result)).to.equal('email_taken');
      expect(await database.read(META_KEYS)).to.deep.equal([{ key: 'kept' }]);
    });

    it('gives the lock back at once when a transaction fails', async () => {
      const [here, there] = [await open(), await open({ timeoutMs: 4000 })];
      const failing = await holdTransaction(here, 'undone');
      failing.fail(new AppError('email_taken'));
      await codeOf(failing.result);
      expect(await codeOf(there.write(ADD_META, ['a']))).to.equal('resolved');
    });

    it('goes on after a transaction that SQLite itself undid', async () => {
      const database = await open();
      await database.write(ADD_META, ['a']);
      const insertOrUndo = `INSERT OR ROLLBACK INTO meta VALUES (?, '')`;
      const failing = database.transaction(async (run) => {
        await run(ADD_META, ['b']);
        await run(insertOrUndo, ['a']);
      });
      expect((await failureOf(failing)).message).to.include('meta.key');
      await database.write(ADD_META, ['c']);
      expect(await database.read(META_KEYS)).to.deep.equal([{ key: 'a' }, { key: 'c' }]);
    });

    it('keeps other processes from writing from the first statement of a transaction on, also while it only reads', async () => {
      const [here, there] = [await open(), await open({ timeoutMs: 300 })];
      const code = await here.transaction(async (run) => {
        await run(META_KEYS);
        const other = await codeOf(there.transaction((write) => write(ADD_META, ['there'])));
        await run(ADD_META, ['here']);
        return other;
      });
      expect(code).to.equal('database_unavailable');
    });

    it('keeps writes out of a transaction that runs: one that is undone takes none of them with it', async () => {
      const database = await open();
      const failing = await holdTransaction(database, 'undone');
      const others = ['a', 'b'].map((key) => database.write(ADD_META, [key]));
      const other = database.transaction((run) => run(ADD_META, ['c']));
      failing.fail(new AppError('email_taken'));
      await codeOf(failing.result);
      await Promise.all([...others, other]);
      expect(await database.read(META_KEYS)).to.deep.equal([{ key: 'a' }, { key: 'b' }, { key: 'c' }]);
    });

    it('refuses with overloaded the writes beyond the bound, and no reads', async () => {
      const database = await open({ maxWaitingWrites: 2 });
      const held = await holdTransaction(database, 'held');
      const calls = ['a', 'b', 'c', 'd'].map((key) => codeOf(database.write(ADD_META, [key])));
      expect(await database.read(META_KEYS)).to.deep.equal([]);
      held.end();
      await held.result;
      expect(await Promise.all(calls)).to.deep.equal(['resolved', 'resolved', 'overloaded', 'overloaded']);
      expect(await database.read(META_KEYS)).to.deep.equal([{ key: 'a' }, { key: 'b' }, { key: 'held' }]);
    });

    it('refuses with overloaded the reads beyond the bound', async () => {
      const database = await open({ maxWaitingReads: 2 });
      const codes = await Promise.all(Array.from({ length: 4 }, () => codeOf(database.read(META_KEYS))));
      expect(codes).to.deep.equal(['resolved', 'resolved', 'resolved', 'overloaded']);
    });

    it('holds no write by a look at the file that hangs, beyond the deadline', async () => {
      const database = await open({ timeoutMs: 300 });
      const look = stub(OpenedFile.prototype, 'isInPlace').returns(new Promise(() => undefined));
      try {
        expect(await codeOf(database.write(ADD_META, ['a']))).to.equal('database_unavailable');
        expect(await codeOf(database.check())).to.equal('database_unavailable');
      } finally {
        look.restore();
      }
    });

    it('undoes a transaction that nobody waits for any more, and does not do what waited too long behind it', async () => {
      const database = await open({ timeoutMs: 300 });
      const held = await holdTransaction(database, 'late');
      const behind = database.write(ADD_META, ['behind']);
      expect(await Promise.all([codeOf(held.result), codeOf(behind)])).to.deep.equal([
        'database_unavailable',
        'database_unavailable',
      ]);
      held.end();
      await database.close();
      expect(await (await open()).read(META_KEYS)).to.deep.equal([]);
    });

    it('answers database_unavailable while another process keeps the lock, and works again afterwards', async () => {
      const [other, database] = [await open(), await open({ timeoutMs: 300 })];
      const lock = await holdTransaction(other, 'other');
      expect(await codeOf(database.transaction((run) => run(ADD_META, ['late'])))).to.equal(
        'database_unavailable',
      );
      expect(await database.read(META_KEYS)).to.deep.equal([]);
      lock.end();
      await lock.result;
      await database.close();
      const again = await open();
      await again.write(ADD_META, ['again']);
      expect(await again.read(META_KEYS)).to.deep.equal([{ key: 'again' }, { key: 'other' }]);
    });

    it('reports a failing file as database_unavailable with the cause for the log', async () => {
      const database = await open();
      await new SqliteClientRepository(database).create(credentialsOf(1), keyOf(1));
      await truncate(`${path}-wal`);
      const error = await failureOf(database.read('SELECT * FROM clients'));
      expect(error).to.be.instanceOf(AppError).and.to.have.property('code', 'database_unavailable');
      expect(error.cause)
        .to.have.property('code')
        .that.matches(/^SQLITE_/);
    });

    it('leaves no account behind when its first key cannot be stored', async () => {
      const clients = new SqliteClientRepository(await open());
      await failureOf(clients.create(credentialsOf(1), { ...keyOf(11), digest: new Uint8Array(31) }));
      expect(await clients.find(idOf(1))).to.equal(null);
      await clients.create(credentialsOf(1), keyOf(11));
    });

    it('passes on a violated constraint that nobody expected as the defect that it is', async () => {
      const database = await open();
      await database.write(ADD_META, ['a']);
      const error = await failureOf(database.write(ADD_META, ['a']));
      expect(error).to.not.be.instanceOf(AppError);
      expect(error.message).to.include('UNIQUE constraint failed: meta.key');
    });
  });

  it('finds every row of the repositories through an index, and sorts no characters', async () => {
    const database = await open();
    const before = new SqliteClientRepository(database);
    await before.create(credentialsOf(1), keyOf(11));
    await before.addKey(idOf(1), keyOf(12), by(11));
    const calls = [spy(database, 'read'), spy(database, 'write'), spy(database, 'erase')];
    const transactions = spy(database, 'transaction');
    const clients = new SqliteClientRepository(database);
    const characters = new SqliteCharacterRepository(database);
    await clients.find('c');
    await clients.findCredentials('c');
    await clients.findCredentialsByEmail('e');
    await clients.update('c', {}, null);
    await clients.delete('c');
    await clients.addKey('c', keyOf(1), by(11));
    await clients.recoverKey('c', keyOf(1), {
      passwordHash: '',
      maxUsable: MANY,
      sparedSince: '',
      unknownUseAt: '',
      revokedAt: '',
      maxRevokedKept: MANY,
    });
    await clients.listKeys('c');
    await clients.findKeyVerifier('k');
    await clients.revokeKey(idOf(1), idOf(11), '', MANY);
    await clients.recordKeyUses([{ clientId: 'c', keyId: 'k', usedAt: '' }], '');
    await characters.create('c', characterOf(1), MANY);
    await characters.find('c', 'x');
    await characters.list('c', 10, null);
    await characters.list('c', 10, 'x');
    await characters.update('c', 'x', {}, '');
    await characters.delete('c', 'x');
    const statements = calls
      .flatMap((each) => each.args.map(([sql]) => sql))
      .filter((sql) => !sql.startsWith('PRAGMA'));
    for (const [task] of [...transactions.args]) {
      await database.transaction((run) =>
        task(<Row>(sql: string, params?: readonly SqlValue[]) => {
          statements.push(sql);
          return run<Row>(sql, params);
        }),
      );
    }
    expect(statements).to.have.length(19);
    for (const sql of statements) {
      const plan = await database.write<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
      const steps = plan.map((step) => step.detail).join('; ');
      expect(steps, sql).to.match(/SEARCH \w+ USING (COVERING |PRIMARY )?(INDEX|KEY)/);
      expect(steps, sql).to.not.match(/SCAN (clients|api_keys|characters)\b/);
      if (sql.includes('FROM characters')) expect(steps, sql).to.not.include('ORDER BY');
    }
  });

  it('keeps the first value of a fact, also when many are written at once', async () => {
    const [here, there] = [await open(), await open()];
    expect(await here.readMeta('secret')).to.equal(null);
    const kept = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? here : there).writeMetaOnce('secret', `value ${index}`),
      ),
    );
    expect(new Set(kept).size).to.equal(1);
    expect(await there.readMeta('secret')).to.equal(kept[0]);
    expect(await here.writeMetaOnce('other', 'x')).to.equal('x');
  });

  describe('closing', () => {
    it('waits for what was taken, refuses what comes, and leaves one whole file', async () => {
      const database = await open();
      const held = await holdTransaction(database, 'held');
      const waiting = database.write(ADD_META, ['waiting']);
      const closed = database.close();
      expect(await codeOf(database.write(ADD_META, ['new']))).to.equal('database_unavailable');
      expect(await codeOf(database.read(META_KEYS))).to.equal('database_unavailable');
      held.end();
      await Promise.all([held.result, waiting, closed, database.close()]);
      expect(await readdir(join(folder, 'made', 'here'))).to.deep.equal(['test.db']);
      expect(await (await open()).read(META_KEYS)).to.deep.equal([{ key: 'held' }, { key: 'waiting' }]);
    });
  });
});
