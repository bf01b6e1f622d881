import { expect } from 'chai';
import { parseForwardedFor } from '#src/adapters/http/pipeline/address/parse-forwarded-for.js';

describe('parseForwardedFor', () => {
  for (const [entry, address] of [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:61234', '192.0.2.1'],
    ['\t192.0.2.1 ', '192.0.2.1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[::ffff:192.0.2.1]:443', '::ffff:192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%br-1a2b.3c', 'fe80::1'],
  ] as const) {
    it(`finds ${address} in '${entry}'`, () => {
      expect(parseForwardedFor(entry)).to.equal(address);
    });
  }

  for (const entry of [
    '',
    'unknown',
    '_hidden',
    '1',
    '2130706433',
    '0x7f.1',
    '127.1',
    '0300.0.2.1',
    '192.0.2.1:',
    '192.0.2.1:http',
    '192.0.2.1:123456',
    '192.0.2.1:80:80',
    ':80',
    '192.0.2.256:80',
    '192.0.2.1, 192.0.2.2',
    '[2001:db8::1',
    '2001:db8::1]:443',
    '[2001:db8::1]443',
    '[]:443',
    '[unknown]:443',
    '2001:db8:1:2:3:4:5:6:443',
    '192.0.2.1%eth0',
    'fe80::1%',
    '9'.repeat(5000),
    `[${':'.repeat(5000)}]:1`,
  ]) {
    it(`finds none in '${entry.slice(0, 45)}'`, () => {
      expect(parseForwardedFor(entry)).to.equal(null);
    });
  }
});
