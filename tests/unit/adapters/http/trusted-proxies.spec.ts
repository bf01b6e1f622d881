import { expect } from 'chai';
import { trustedProxies } from '#src/adapters/http/pipeline/address/trusted-proxies.js';

describe('trustedProxies', () => {
  for (const [ranges, trusted, untrusted] of [
    [[], [], ['127.0.0.1', '::1', '']],
    [
      ['10.0.0.0/8'],
      ['10.1.2.3', '10.1.2.3:443', '::ffff:10.1.2.3', '[::ffff:10.1.2.3]:443', '::ffff:a01:203'],
      ['11.0.0.1', '11.0.0.1:443', '2001:db8::1', '10.1.2.3:', '10.1.2', '167837955', 'unknown', ''],
    ],
    [
      ['192.0.2.7', '::1'],
      ['192.0.2.7:1', '[::1]:1', '0:0:0:0:0:0:0:1'],
      ['192.0.2.8:7', '[::2]:1'],
    ],
    [
      ['fd00::/8'],
      ['fd12::1', '[fd12::1]:443', 'fd12::1%br-lan.2'],
      ['fe80::1', '[fe80::1]:443', '10.0.0.1'],
    ],
    [['::/1'], ['2001:db8::1'], ['10.1.2.3', '::ffff:10.1.2.3']],
    [['::ffff:10.0.0.0/104'], ['10.1.2.3', '::ffff:10.1.2.3'], ['11.0.0.1', '::1']],
    [['::ffff:192.0.2.7'], ['192.0.2.7'], ['192.0.2.8']],
  ] as const) {
    it(`believes those in ${ranges.join(', ') || 'no range'}, with and without a port, and nobody else`, () => {
      const trusts = trustedProxies(ranges);
      expect([...trusted, ...untrusted].filter(trusts)).to.deep.equal(trusted);
    });
  }
});
