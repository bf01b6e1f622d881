import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import sinon from 'sinon';
import { DatabaseCondition } from '#src/adapters/sqlite/database/database-condition.js';
import { OpenedFile } from '#src/adapters/sqlite/database/opened-file.js';
import { codeOf } from '#tests/contracts/client-repository.contract.js';
import { type LogLine, makeTestFolder, recordingLogger } from '#tests/support/fixtures/test-app.js';

/** Nobody's waiting ends by it here, unless the clock is moved. */
const TIMEOUT_MS = 5000;

/** Looks that are answered by hand. */
class AskedFile {
  readonly path = '/data/test.db';
  readonly answers: { notify: (isInPlace: boolean) => void; fail: (error: Error) => void }[] = [];

  isInPlace(): Promise<boolean> {
    return new Promise((notify, fail) => this.answers.push({ notify, fail }));
  }

  /** @returns the look of this number, once it has begun. */
  async look(number: number): Promise<(typeof this.answers)[number]> {
    for (;;) {
      const answer = this.answers[number];
      if (answer !== undefined) return answer;
      await Promise.resolve();
    }
  }
}

describe('DatabaseCondition', () => {
  let file: AskedFile;
  let lines: LogLine[];
  let condition: DatabaseCondition;

  beforeEach(() => {
    file = new AskedFile();
    lines = [];
    condition = new DatabaseCondition({ file, logger: recordingLogger(lines) });
  });

  it('looks once for all who ask at the same time, and says once that the file is gone', async () => {
    const looks = Array.from({ length: 5 }, () => codeOf(condition.look(TIMEOUT_MS)));
    (await file.look(0)).notify(false);
    expect(new Set(await Promise.all(looks))).to.deep.equal(new Set(['database_unavailable']));
    expect(file.answers).to.have.length(1);
    expect(lines.map(({ level }) => level)).to.deep.equal(['error']);
  });

  it('looks anew for those who ask while one is under way, and only when that has ended', async () => {
    const first = codeOf(condition.look(TIMEOUT_MS));
    const answer = await file.look(0);
    const later = [codeOf(condition.look(TIMEOUT_MS)), codeOf(condition.look(TIMEOUT_MS))];
    for (let step = 0; step < 20; step += 1) await Promise.resolve();
    expect(file.answers).to.have.length(1);
    answer.notify(true);
    expect(await first).to.equal('resolved');
    (await file.look(1)).notify(false);
    expect(await Promise.all(later)).to.deep.equal(['database_unavailable', 'database_unavailable']);
    expect(() => condition.assertInPlace()).to.throw();
  });

  it('holds nobody beyond the deadline by a look that hangs, says so once, and sees again when it answers', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const looks = [codeOf(condition.look(TIMEOUT_MS))];
      const hanging = await file.look(0);
      looks.push(codeOf(condition.look(TIMEOUT_MS)));
      clock.tick(TIMEOUT_MS);
      expect(await Promise.all(looks)).to.deep.equal(['database_unavailable', 'database_unavailable']);
      expect(lines.map(({ level, fields }) => [level, fields['code']])).to.deep.equal([
        ['warn', 'ETIMEDOUT'],
      ]);
      const later = codeOf(condition.look(TIMEOUT_MS));
      hanging.notify(true);
      (await file.look(1)).notify(true);
      expect(await later).to.equal('resolved');
      expect(clock.countTimers()).to.equal(0);
    } finally {
      clock.restore();
    }
  });

  it('accuses no file because somebody had little time left, and tells once when a slow one answers again', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const look = codeOf(condition.look(1));
      const slow = await file.look(0);
      clock.tick(TIMEOUT_MS - 1);
      expect(await look).to.equal('database_unavailable');
      expect(lines).to.deep.equal([]);
      clock.tick(1);
      slow.notify(true);
      for (const number of [1, 2]) {
        const again = codeOf(condition.look(TIMEOUT_MS));
        (await file.look(number)).notify(true);
        expect(await again).to.equal('resolved');
      }
      expect(lines.map(({ level }) => level)).to.deep.equal(['warn', 'info']);
    } finally {
      clock.restore();
    }
  });

  it('keeps what it last saw when it cannot look, and says so once', async () => {
    const broken = Object.assign(new Error('i/o error'), { code: 'EIO' });
    for (const number of [0, 1]) {
      const look = codeOf(condition.look(TIMEOUT_MS));
      (await file.look(number)).fail(broken);
      expect(await look).to.equal('resolved');
    }
    expect(lines.map(({ level, fields }) => [level, fields['code']])).to.deep.equal([['warn', 'EIO']]);
    const gone = codeOf(condition.look(TIMEOUT_MS));
    (await file.look(2)).notify(false);
    await gone;
    const unseen = codeOf(condition.look(TIMEOUT_MS));
    (await file.look(3)).fail(broken);
    expect(await unseen).to.equal('database_unavailable');
  });
});

describe('OpenedFile', () => {
  it('is gone when nothing or another is there, and unknown for any other error', async () => {
    const folder = await makeTestFolder();
    const data = join(folder.path, 'data');
    const path = join(data, 'test.db');
    try {
      await mkdir(data);
      for (const each of [path, `${path}-wal`]) await writeFile(each, '');
      const file = await OpenedFile.at(path);
      expect(await file.isInPlace()).to.equal(true);
      await rename(data, `${data}-away`);
      expect(await file.isInPlace()).to.equal(false);
      await writeFile(data, 'no folder');
      expect(await file.isInPlace()).to.equal(false);
      await rm(data);
      await symlink(data, data);
      const error = await file.isInPlace().catch((thrown: unknown) => thrown);
      expect(error).to.have.property('code', 'ELOOP');
      await rm(data);
      await rename(`${data}-away`, data);
      expect(await file.isInPlace()).to.equal(true);
    } finally {
      await folder.remove();
    }
  });
});
