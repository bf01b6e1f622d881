import { expect } from 'chai';
import { RowCache } from '#src/adapters/sqlite/repositories/row-cache.js';

interface Row {
  name: string;
}

/** A table that gives `missing` as nothing and every other key as itself, and records what it was asked. */
function keptTable(maxRows = 10) {
  const asked: string[] = [];
  const version = { epoch: 0, look: (): Promise<void> | null => null };
  let before = async (): Promise<void> => {};
  const rows = new RowCache<Row>({
    version,
    maxRows,
    copyOf: (row) => ({ ...row }),
    read: async (...key) => {
      asked.push(key.join('/'));
      await before();
      return key[0] === 'missing' ? null : { name: key.join('/') };
    },
  });
  return {
    rows,
    asked,
    version,
    beforeAnswering(task: () => Promise<void>) {
      before = task;
    },
  };
}

describe('RowCache', () => {
  it('reads a row once, until something is written', async () => {
    const { rows, asked, version } = keptTable();
    expect(await rows.find('a', 'x')).to.deep.equal({ name: 'a/x' });
    expect(await rows.find('a', 'x')).to.deep.equal({ name: 'a/x' });
    expect(asked).to.deep.equal(['a/x']);
    version.epoch += 1;
    await rows.find('a', 'x');
    expect(asked).to.deep.equal(['a/x', 'a/x']);
  });

  it('distinguishes keys whatever they are put together from', async () => {
    const { rows } = keptTable();
    await rows.find('a', 'bc');
    expect(await rows.find('ab', 'c')).to.deep.equal({ name: 'ab/c' });
  });

  it('does not keep a row whose reading was overtaken by a write', async () => {
    const { rows, asked, version, beforeAnswering } = keptTable();
    beforeAnswering(async () => {
      version.epoch += 1;
    });
    await rows.find('a');
    beforeAnswering(async () => {});
    await rows.find('a');
    expect(asked).to.deep.equal(['a', 'a']);
  });

  it('looks for what is missing every time', async () => {
    const { rows, asked } = keptTable();
    expect(await rows.find('missing')).to.equal(null);
    expect(await rows.find('missing')).to.equal(null);
    expect(asked).to.have.length(2);
  });

  it('waits for a look at the database that is due, and fails with it', async () => {
    const { rows, asked, version } = keptTable();
    await rows.find('a');
    version.look = async () => {
      version.epoch += 1;
    };
    await rows.find('a');
    expect(asked).to.have.length(2);
    const broken = new Error('broken');
    version.look = () => Promise.reject(broken);
    let thrown: unknown;
    await rows.find('a').catch((error: unknown) => {
      thrown = error;
    });
    expect(thrown).to.equal(broken);
  });

  it('gives everybody a row of their own', async () => {
    const { rows } = keptTable();
    for (let i = 0; i < 2; i += 1) {
      const row = await rows.find('a');
      if (row !== null) row.name = 'changed';
    }
    expect(await rows.find('a')).to.deep.equal({ name: 'a' });
  });

  it('keeps no more rows than it may', async () => {
    const { rows, asked } = keptTable(2);
    for (const key of ['a', 'b', 'c', 'a']) await rows.find(key);
    expect(asked).to.deep.equal(['a', 'b', 'c', 'a']);
  });
});
