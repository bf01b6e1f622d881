import { dictionary } from '@zxcvbn-ts/language-common';
import { expect } from 'chai';
import { ZxcvbnCommonPasswords } from '#src/adapters/zxcvbn/zxcvbn-common-passwords.js';

describe('ZxcvbnCommonPasswords', () => {
  const common = new ZxcvbnCommonPasswords();

  it('knows what everybody uses', async () => {
    for (const password of [
      '123456',
      'password',
      'password1',
      '1234567890',
      'qwertyuiop',
      'iloveyou',
      'trustno1',
    ]) {
      expect(await common.has(password), password).to.equal(true);
    }
  });

  it('does not know what nobody uses', async () => {
    for (const password of [
      '',
      'correct horse battery staple',
      'xpcrew',
      'Password',
      '__proto__',
      'constructor',
    ]) {
      expect(await common.has(password), password).to.equal(false);
    }
  });

  it('holds the first 10,000 of a list that has as many, each once and in lower case', async () => {
    const list = dictionary['passwords-common'];
    const first = list.slice(0, 10_000);
    expect(new Set(first).size).to.equal(10_000);
    expect(first.filter((password) => password !== password.toLowerCase())).to.deep.equal([]);
    const known = await Promise.all(list.slice(0, 10_500).map((password) => common.has(password)));
    expect(known.lastIndexOf(true)).to.equal(9_999);
    expect(known.indexOf(false)).to.equal(10_000);
  });
});
