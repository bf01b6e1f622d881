import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { makePrivateFolder } from '#src/adapters/sqlite/database/make-private-folder.js';
import { makeTestFolder } from '#tests/support/fixtures/test-app.js';

describe('makePrivateFolder', () => {
  it('makes all that is missing, for its owner alone, and takes what is there as it is', async () => {
    const folder = await makeTestFolder();
    try {
      const deep = join(folder.path, 'a', 'b');
      makePrivateFolder(deep);
      makePrivateFolder(deep);
      for (const name of ['a', 'a/b']) {
        expect((await stat(join(folder.path, name))).mode & 0o777).to.equal(0o700);
      }
    } finally {
      await folder.remove();
    }
  });

  it('ends where the folder above takes no entries, as /proc does, which says that it is not there', () => {
    // Elsewhere than on Linux there is no /proc, and nobody may make one.
    expect(() => makePrivateFolder('/proc/self/none/below')).to.throw(/ENOENT|EROFS|EACCES/);
  });
});
