import { expect } from 'chai';
import { requestDigest } from '#src/adapters/http/api/chat/request-digest.js';

describe('The digest of a request', () => {
  const messages = (...contents: string[]) => ({
    model: 'm',
    messages: contents.map((content) => ({ role: 'user', content })),
  });

  it('distinguishes bodies that differ in a nested field alone, at any depth', () => {
    const bodies = [
      messages('Hello'),
      messages('Goodbye'),
      messages('Hello', 'Goodbye'),
      messages('Goodbye', 'Hello'),
      { ...messages('Hello'), sampling: { stop: ['a'] } },
      { ...messages('Hello'), sampling: { stop: ['b'] } },
    ];
    expect(new Set(bodies.map(requestDigest)).size).to.equal(bodies.length);
  });

  it('is the same in whatever order the fields come, nested ones too', () => {
    const one = { a: 1, b: { c: [{ d: 1, e: null }], f: 'x' } };
    const other = { b: { f: 'x', c: [{ e: null, d: 1 }] }, a: 1 };
    expect(requestDigest(one)).to.equal(requestDigest(other));
  });

  it('is for a flat body what records hold that were written before nested fields counted', () => {
    const body = {
      message: 'Is "it" blue? \u{1f499} \ud800',
      characterId: 'c',
      stream: true,
      onBusy: undefined,
    };
    expect(requestDigest(body)).to.equal('kaZ7QgX7VsizGuTdVN_ZP7h0Oa09vGi_TGmHav88BGg');
  });
});
