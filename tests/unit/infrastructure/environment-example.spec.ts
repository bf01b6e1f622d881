import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect } from 'chai';
import { environmentSchema } from '#src/infrastructure/config/environment-schema.js';

const text = readFileSync(new URL('../../../../.env.example', import.meta.url), 'utf8');
const uncommented = text.replaceAll(/^# (?=[A-Z][A-Z0-9_]*=)/gm, '');

describe('.env.example', () => {
  it('shows every variable, and is all comment as it stands', () => {
    expect(Object.keys(parseEnv(uncommented))).to.have.members(Object.keys(environmentSchema.shape));
    expect(parseEnv(text)).to.deep.equal({});
  });

  it('shows defaults and examples that each have the form of their variable', () => {
    const shown = Object.entries(parseEnv(uncommented)).filter(([, value]) => value !== '');
    const { error } = environmentSchema.safeParse(Object.fromEntries(shown));
    expect(error?.issues ?? []).to.deep.equal([]);
  });
});
