import { expect } from 'chai';
import { environmentSchema } from '#src/infrastructure/config/environment-schema.js';
import { readConfig } from '#src/infrastructure/config/read-config.js';
import { editsBetween, startWarnings } from '#src/infrastructure/config/start-warnings.js';

const SECRET = 'c4n4ry';
const PRODUCTION = {
  NODE_ENV: 'production',
  FASTWRAP_API_KEY: 'operator-key-0123456789',
  MODEL: 'gpt-4o',
  MODEL_KEY: 'key',
};

describe('startWarnings', () => {
  const warningsOf = (variables: Record<string, string>) => startWarnings(variables, readConfig(variables));
  const nearest = (variable: string) => warningsOf({ [variable]: SECRET }).map(({ fields }) => fields);

  for (const [variable, meant] of [
    ['MODEL_ALOWED', 'MODEL_ALLOWED'],
    ['LIMIT_CHAT_PER_MIN', 'LIMIT_CHAT_PER_MINUTE'],
    ['REDIS_HSOT', 'REDIS_HOST'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['SIGN_UP', 'SIGNUP'],
    ['FASTWRAP_KEY', 'FASTWRAP_API_KEY'],
    ['model_key', null],
    ['REDIS_SERVICE_HOST', null],
    ['REDIS_PORT_6379_TCP_ADDR', null],
    ['LANGCHAIN_TRACING', null],
    ['HOME', null],
    ['HOSTNAME', null],
    ['OPENAI_API_KEY', null],
  ] as const) {
    it(`${meant === null ? 'says nothing of' : 'warns of'} ${variable}${meant === null ? '' : `: ${meant}`}`, () => {
      expect(nearest(variable)).to.deep.equal(meant === null ? [] : [{ variable, nearest: meant }]);
    });
  }

  it('says nothing of any variable that there is, and never a value', () => {
    const all = Object.fromEntries(Object.keys(environmentSchema.shape).map((name) => [name, SECRET]));
    expect(startWarnings(all, readConfig({}))).to.deep.equal([]);
    expect(JSON.stringify(warningsOf({ MODEL_ALOWED: SECRET }))).not.to.contain(SECRET);
  });

  it('warns of open sign-up without a budget in production, in one line', () => {
    expect(warningsOf({ ...PRODUCTION, SIGNUP: 'open' })).to.have.length(1);
    expect(warningsOf({ ...PRODUCTION, SIGNUP: 'open', BUDGET_TOKENS_PER_DAY: '100000' })).to.deep.equal([]);
    expect(warningsOf({ ...PRODUCTION, SIGNUP: 'operator' })).to.deep.equal([]);
    expect(warningsOf({})).to.deep.equal([]);
  });

  it('counts letters that are added, left out or replaced', () => {
    const pairs = [
      ['', '', 0],
      ['', 'abc', 3],
      ['abc', '', 3],
      ['kitten', 'sitting', 3],
      ['REDIS_HSOT', 'REDIS_HOST', 2],
    ] as const;
    for (const [from, to, edits] of pairs) expect(editsBetween(from, to)).to.equal(edits);
  });
});
