import { expect } from 'chai';
import type { RunStatement, SqlValue } from '#src/adapters/sqlite/database/sqlite-connection.js';
import { BatchLoader } from '#src/adapters/sqlite/repositories/batch-loader.js';

/** Answers every key but `missing` with itself, as a table would. */
function selfTable() {
  const asked: string[][] = [];
  let failure: Error | null = null;
  const read: RunStatement = async <Row>(_sql: string, params: readonly SqlValue[] = []): Promise<Row[]> => {
    const keys: string[][] = JSON.parse(String(params[0]));
    asked.push(keys.map((key) => key.join('/')));
    if (failure !== null) throw failure;
    const rows = keys.map((key, place) => ({ place, name: key.join('/') }));
    return JSON.parse(JSON.stringify(rows.filter(({ name }) => name !== 'missing').reverse()));
  };
  const names = new BatchLoader<{ name: string }, string>({ read, sql: '', toResult: ({ name }) => name });
  return {
    asked,
    names,
    failWith(error: Error | null) {
      failure = error;
    },
  };
}

describe('BatchLoader', () => {
  it('reads at once what is asked for in one round of the event loop, and gives each its own row', async () => {
    const { names, asked } = selfTable();
    const found = await Promise.all([names.find('a', 'x'), names.find('missing'), names.find('b', 'y')]);
    expect(found).to.deep.equal(['a/x', null, 'b/y']);
    expect(asked).to.deep.equal([['a/x', 'missing', 'b/y']]);
  });

  it('reads again for what is asked later, also for the same key', async () => {
    const { names, asked } = selfTable();
    await names.find('a');
    await names.find('a');
    expect(asked).to.deep.equal([['a'], ['a']]);
  });

  it('fails for all that were read together, and for nobody after them', async () => {
    const { names, failWith } = selfTable();
    const broken = new Error('broken');
    failWith(broken);
    const results = await Promise.allSettled([names.find('a'), names.find('b')]);
    expect(results).to.deep.equal([
      { status: 'rejected', reason: broken },
      { status: 'rejected', reason: broken },
    ]);
    failWith(null);
    expect(await names.find('a')).to.equal('a');
  });
});
