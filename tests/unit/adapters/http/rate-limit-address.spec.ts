import { expect } from 'chai';
import { rateLimitAddress } from '#src/adapters/http/pipeline/address/rate-limit-address.js';

describe('rateLimitAddress', () => {
  const NETWORK = '2001:db8:1:2::/64';

  for (const [text, unit] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:0201', '192.0.2.1'],
    ['2001:db8:1:2::1', NETWORK],
    ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', NETWORK],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [null, 'unknown'],
  ] as const) {
    it(`takes ${text === null ? 'no address' : `'${text}'`} for ${unit}`, () => {
      expect(rateLimitAddress(text)).to.equal(unit);
    });
  }
});
