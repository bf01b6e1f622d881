import { expect } from 'chai';
import { PASSWORDS } from '#src/infrastructure/tokens.js';
import { expectProblem } from '../support/assertions/expect-response.js';
import { FastPasswordHasher } from '../support/fakes/fast-password-hasher.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const PASSWORD = 'correct horse battery';
const SPELLINGS = [
  'Ada@bücher.example',
  'ada@xn--bcher-kva.example',
  'ADA@BÜCHER.EXAMPLE',
  'ada@bu\u0308cher.example',
  'ａｄａ@bücher.example',
  'ada@bü\u00adcher.example',
  'ada@XN--BCHER-KVA.example\u3002',
];

export function emailSpellingsContract(storage: AppStorage): void {
  describe('an email in several spellings', () => {
    const app = useApp(storage, {
      override: (container) => void container.rebind(PASSWORDS).toConstantValue(new FastPasswordHasher()),
    });
    const signUp = (email: string) => app.api.post('/auth/signup', { email, password: PASSWORD });
    const recover = (email: string) => app.api.post('/auth/keys', { email, password: PASSWORD });

    it('makes one account of a hundred parallel sign-ups, which keeps the spelling that it was made with', async () => {
      const emails = Array.from({ length: 100 }, (_, index) => SPELLINGS[index % SPELLINGS.length] ?? '');
      const answers = await Promise.all(emails.map(signUp));
      const made = answers.findIndex(({ status }) => status === 201);
      const refused = answers.filter((_, index) => index !== made);
      for (const answer of refused) expectProblem(answer, 'email_taken');
      const owner = app.api.withKey(answers[made]?.body.apiKey);
      expect((await owner.get('/api/clients/me')).body.email).to.equal(emails[made]);
      for (const spelling of SPELLINGS) expect((await recover(spelling)).status).to.equal(201);
      expect((await owner.get('/api/clients/me/keys')).body.data).to.have.length(1 + SPELLINGS.length);
    });

    it('is no password in any of them', async () => {
      const email = 'ada@straße.example';
      const answer = await app.api.post('/auth/signup', { email, password: 'ADA@xn--strae-oqa.example' });
      expectProblem(answer, 'invalid_request', {
        errors: [{ field: 'password', message: 'must not be the email' }],
      });
    });
  });
}
