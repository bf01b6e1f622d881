import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readLua } from '#src/adapters/redis/connection/read-lua.js';

describe('readLua', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fastwrap-lua-'));
    mkdirSync(join(folder, 'own/lua'), { recursive: true });
    mkdirSync(join(folder, 'other'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
  const read = (constants?: Record<string, number>) =>
    readLua(join(folder, 'own'), './lua/script.lua', constants);

  it('puts constants first, and fragments where they are included, as they are', () => {
    write(
      'own/lua/script.lua',
      '-- What it does\n-- include near.lua\n-- include ../../other/far.lua\nreturn A + NEAR\n',
    );
    write('own/lua/near.lua', "local NEAR = '$1 $&'\n");
    write('other/far.lua', '-- include nothing.lua\n');
    expect(read({ A: 1, B: 20 })).to.equal(
      "local A = 1\nlocal B = 20\n-- What it does\nlocal NEAR = '$1 $&'\n\n-- include nothing.lua\n\nreturn A + NEAR\n",
    );
  });

  it('throws where the script, or a fragment, is missing', () => {
    expect(() => read()).to.throw(/ENOENT.*script\.lua/);
    write('own/lua/script.lua', '-- include gone.lua\n');
    expect(() => read()).to.throw(/ENOENT.*gone\.lua/);
  });
});
