import { expect } from 'chai';
import fc from 'fast-check';
import { emailLookup } from '#src/domain/clients/client.js';

const FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const;

describe('emailLookup', () => {
  const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
    'ada@xn--bcher-kva.example': [
      'ada@bücher.example',
      'ada@bu\u0308cher.example',
      'ADA@BÜCHER.EXAMPLE',
      'ada@XN--BCHER-KVA.Example',
      'ada@bücher\uff0eexample',
      'ada@bücher\u3002example',
      'ada@bücher\uff61example',
      'ada@bücher.example.',
      'ada@xn--bcher-kva.example\u3002',
      'ａｄａ＠ｂüｃｈｅｒ．ｅｘａｍｐｌｅ',
      'ada@bü\u00adcher.example',
    ],
    'ada@example.com': [
      'ADA@Example.com.',
      'ada@ex\u00adample.com',
      'ada@example\u3002com',
      'ａda@ｅxample.com',
    ],
    'ada@xn--wgv71a119e.jp': ['ada@日本語。ＪＰ', 'ada@日本語.jp'],
    'ada@xn--strae-oqa.example': ['ada@straße.example', 'ada@STRAẞE.example'],
    'ada@xn--mxa9ab.example': ['ada@σασ.example', 'ada@ΣΑΣ.example'],
    'jos\u00e9@xn--ls8h.example': ['JOSE\u0301@💩.example'],
  };
  for (const [lookup, spellings] of Object.entries(SPELLINGS)) {
    it(`takes ${spellings.length} spellings for ${lookup}`, () => {
      for (const spelling of [lookup, ...spellings]) expect(emailLookup(spelling), spelling).to.equal(lookup);
    });
  }

  it('keeps different domains apart, and what looks like a part of a URL', () => {
    const different = [
      'ada@strasse.example',
      'ada@straße.example',
      'ada@bücher.example',
      'ada@bücher.example/x',
      'ada@bücher.example:80',
      'ada@bücher.example?x',
      'ada@bücher.example#x',
      'ada@bücher.example\\x',
      'ada@b%C3%BCcher.example',
      'ada@bü%63her.example',
      'ada@bücher.example%2fx',
      'x:y@z@bücher.example',
      'ada@1.2.3',
      'ada@1.2.0.3',
      'ada@0x7f.1',
      'ada@127.0.0.1',
      'ada@xn--a.example',
      'bücher@example.com',
      'xn--bcher-kva@example.com',
    ];
    expect(new Set(different.map(emailLookup)).size).to.equal(different.length);
  });

  it('takes every normal form of an address for the same, and its own answer for itself', () => {
    const addresses = fc.tuple(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    fc.assert(
      fc.property(addresses, ([local, domain]) => {
        const lookup = emailLookup(`${local}@${domain}.example`);
        expect(emailLookup(lookup)).to.equal(lookup);
        for (const form of FORMS) {
          expect(emailLookup(`${local}@${domain}.example`.normalize(form))).to.equal(lookup);
        }
      }),
      { seed: 27, numRuns: 2000 },
    );
  });
});
