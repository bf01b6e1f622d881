import { expect } from 'chai';
import {
  API_KEY,
  expectJson,
  expectNoContent,
  expectProblem,
  UUID,
} from '../support/assertions/expect-response.js';
import type { ApiClient } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const PASSWORD = 'correct horse battery';
const newEmail = () => `Owner-${crypto.randomUUID()}@Example.com`;

export function accountsContract(storage: AppStorage): void {
  describe('accounts', () => {
    const app = useApp(storage);
    let email: string;
    let owner: ApiClient;

    beforeEach(async () => {
      email = newEmail();
      owner = await app.api.signUp(email);
    });

    const recover = (body: object) => app.api.post('/auth/keys', body);
    const passwordIsRight = async (address: string, password: string) =>
      (await recover({ email: address, password })).status === 201;

    describe('POST /auth/signup', () => {
      it('makes an account and shows its first key', async () => {
        const address = newEmail();
        const response = await app.api.post('/auth/signup', {
          email: address,
          password: PASSWORD,
          storeName: 'Ada’s Books',
        });
        const { client, apiKey } = response.body;
        expect(client.id).to.match(UUID);
        expect(apiKey).to.match(API_KEY);
        const expected = { id: client.id, email: address, storeName: 'Ada’s Books', createdAt: app.time() };
        expectJson(response, 201, { client: expected, apiKey });
        expectJson(await app.api.withKey(apiKey).get('/api/clients/me'), 200, expected);
      });

      it('needs no store name', async () => {
        const response = await app.api.post('/auth/signup', { email: newEmail(), password: PASSWORD });
        expect(response.body.client.storeName).to.equal(null);
      });

      it('refuses an address that is taken, however it is spelled', async () => {
        const fullWidth = email.replace('Example', 'Ｅxample');
        for (const spelling of [email, email.toLowerCase(), email.toUpperCase(), fullWidth]) {
          expectProblem(
            await app.api.post('/auth/signup', { email: spelling, password: PASSWORD }),
            'email_taken',
          );
        }
      });

      const address = 'somebody@example.com';
      const TOO_SHORT_OR_LONG = 'must have 8 to 128 characters';
      for (const [what, password, message] of [
        ['of 7 characters', 'a1b2c3d', TOO_SHORT_OR_LONG],
        ['of 7 characters outside the BMP', '😀'.repeat(7), TOO_SHORT_OR_LONG],
        ['of 129 characters', 'x'.repeat(129), TOO_SHORT_OR_LONG],
        ['that everybody has', 'PassWord', 'is one of the most common passwords'],
        ['that is the address', 'SOMEBODY@example.com', 'must not be the email'],
      ] as const) {
        it(`refuses a password ${what}`, async () => {
          expectProblem(await app.api.post('/auth/signup', { email: address, password }), 'invalid_request', {
            errors: [{ field: 'password', message }],
          });
        });
      }

      it('takes one account out of many that want the same address at once', async () => {
        const body = { email: newEmail(), password: PASSWORD };
        const responses = await Promise.all(
          Array.from({ length: 8 }, () => app.api.post('/auth/signup', body)),
        );
        expect(responses.map(({ status }) => status).sort()).to.deep.equal([201, ...Array(7).fill(409)]);
      });
    });

    describe('POST /auth/keys', () => {
      it('gives an owner a new key, and the old one stays good', async () => {
        const response = await recover({ email: email.toUpperCase(), password: PASSWORD, name: 'Till 2' });
        const { id, apiKey } = response.body;
        expect(id).to.match(UUID);
        expect(apiKey).to.match(API_KEY).and.not.equal(owner.apiKey);
        expectJson(response, 201, { id, name: 'Till 2', apiKey, createdAt: app.time() });
        const me = await owner.get('/api/clients/me');
        expectJson(await app.api.withKey(apiKey).get('/api/clients/me'), 200, me.body);
      });

      it('needs no name', async () => {
        expect((await recover({ email, password: PASSWORD })).body.name).to.equal(null);
      });

      it('answers a wrong password and an unknown address the same', async () => {
        const detail = 'Email or password is wrong.';
        for (const body of [
          { email, password: `${PASSWORD}!` },
          { email: newEmail(), password: PASSWORD },
        ]) {
          expectProblem(await recover(body), 'unauthenticated', { detail });
        }
      });
    });

    describe('POST /auth/keys for an account with 100 usable keys', () => {
      const KEYS = '/api/clients/me/keys';

      it('works with the right password: the key that was unused for longest gives way', async () => {
        await Promise.all(Array.from({ length: 99 }, () => owner.post(KEYS, {})));
        expectProblem(await recover({ email, password: `${PASSWORD}!` }), 'unauthenticated', {
          detail: 'Email or password is wrong.',
        });
        const recovered = await recover({ email, password: PASSWORD });
        const { data } = (await owner.withKey(recovered.body.apiKey).get(KEYS)).body;
        const revoked = data.filter((key: { revokedAt: string | null }) => key.revokedAt !== null);
        expect([data.length, revoked.length]).to.deep.equal([101, 1]);
      });
    });

    describe('PATCH /api/clients/me', () => {
      const patch = (body: object) => owner.patch('/api/clients/me', body);

      it('changes the store’s name without a password, and null clears it', async () => {
        const before = (await owner.get('/api/clients/me')).body;
        expectJson(await patch({ storeName: 'Corner Shop' }), 200, { ...before, storeName: 'Corner Shop' });
        expectJson(await owner.get('/api/clients/me'), 200, { ...before, storeName: 'Corner Shop' });
        expectJson(await patch({ storeName: null }), 200, { ...before, storeName: null });
        expectJson(await owner.get('/api/clients/me'), 200, { ...before, storeName: null });
      });

      it('changes the address with the current password: the new one counts from then on', async () => {
        const before = (await owner.get('/api/clients/me')).body;
        const address = newEmail();
        const response = await patch({ email: address, currentPassword: PASSWORD });
        expectJson(response, 200, { ...before, email: address });
        expect(await passwordIsRight(address, PASSWORD)).to.equal(true);
        expect(await passwordIsRight(email, PASSWORD)).to.equal(false);
      });

      it('changes the password with the current one: the new one counts from then on', async () => {
        const before = (await owner.get('/api/clients/me')).body;
        const response = await patch({ newPassword: 'staple gun 1234', currentPassword: PASSWORD });
        expectJson(response, 200, before);
        expect(await passwordIsRight(email, 'staple gun 1234')).to.equal(true);
        expect(await passwordIsRight(email, PASSWORD)).to.equal(false);
      });

      it('makes one of two changes of the password that come at once, and answers the other with a conflict', async () => {
        const passwords = ['staple gun 1234', 'paper clip 5678'];
        const answers = await Promise.all(
          passwords.map((newPassword) => patch({ newPassword, currentPassword: PASSWORD })),
        );
        const [loser] = answers.filter(({ status }) => status !== 200);
        if (loser === undefined) throw new Error('both were made');
        // It was looked at before the other was made, or after.
        expect(['account_changed', 'forbidden']).to.include(loser.body.code);
        for (const [index, { status }] of answers.entries()) {
          expect(await passwordIsRight(email, passwords[index] ?? '')).to.equal(status === 200);
        }
      });

      it('lets an owner respell the own address', async () => {
        const response = await patch({ email: email.toLowerCase(), currentPassword: PASSWORD });
        expect({ status: response.status, email: response.body.email }).to.deep.equal({
          status: 200,
          email: email.toLowerCase(),
        });
      });

      it('refuses an address that is taken, and changes nothing', async () => {
        const taken = newEmail();
        await app.api.signUp(taken);
        const before = (await owner.get('/api/clients/me')).body;
        const body = { email: taken.toUpperCase(), storeName: 'Never', currentPassword: PASSWORD };
        expectProblem(await patch(body), 'email_taken');
        expectJson(await owner.get('/api/clients/me'), 200, before);
      });

      for (const wish of [{ email: 'new@example.com' }, { newPassword: 'staple gun 1234' }]) {
        const [name] = Object.keys(wish);

        it(`asks for the current password to change ${name}`, async () => {
          expectProblem(await patch({ ...wish, storeName: 'Never' }), 'invalid_request', {
            errors: [{ field: 'currentPassword', message: 'is needed to change the email or the password' }],
          });
          expect((await owner.get('/api/clients/me')).body.storeName).to.equal(null);
        });

        it(`forbids to change ${name} with a wrong current password`, async () => {
          expectProblem(await patch({ ...wish, currentPassword: 'wrong' }), 'forbidden', {
            detail: 'The current password is wrong.',
          });
          expect(await passwordIsRight(email, PASSWORD)).to.equal(true);
        });
      }

      it('holds a new password to the same rules, the new address included', async () => {
        const address = newEmail();
        for (const [newPassword, message] of [
          ['short', 'must have 8 to 128 characters'],
          ['password1', 'is one of the most common passwords'],
          [address.toUpperCase(), 'must not be the email'],
        ] as const) {
          const body = { email: address, newPassword, currentPassword: PASSWORD };
          expectProblem(await patch(body), 'invalid_request', {
            errors: [{ field: 'newPassword', message }],
          });
        }
        expect(await passwordIsRight(email, PASSWORD)).to.equal(true);
      });

      it('refuses a new address that is the password that stays', async () => {
        const newPassword = newEmail();
        expect((await patch({ newPassword, currentPassword: PASSWORD })).status).to.equal(200);
        expectProblem(await patch({ email: newPassword, currentPassword: newPassword }), 'invalid_request', {
          errors: [{ field: 'email', message: 'must not be the password' }],
        });
      });

      it('does not overlook a wrong current password, also where none is needed', async () => {
        expectProblem(await patch({ storeName: 'New', currentPassword: 'wrong' }), 'forbidden', {
          detail: 'The current password is wrong.',
        });
      });

      for (const body of [{}, { currentPassword: PASSWORD }]) {
        it(`refuses ${JSON.stringify(Object.keys(body))}, which changes nothing`, async () => {
          expectProblem(await patch(body), 'invalid_request', {
            errors: [{ field: 'body', message: 'must change storeName, email or newPassword' }],
          });
        });
      }
    });

    for (const path of ['/clients/me', '/api/clients/me']) {
      describe(`DELETE ${path}`, () => {
        it('ends the account: its keys are refused and its address is free again', async () => {
          const second = (await owner.post('/api/clients/me/keys', {})).body.apiKey;
          expectNoContent(await owner.delete(path));
          for (const key of [owner.apiKey, second]) {
            expectProblem(await app.api.withKey(key).get('/api/clients/me'), 'unauthenticated');
          }
          expect(await passwordIsRight(email, PASSWORD)).to.equal(false);
          const again = await app.api.signUp(email);
          expectJson(await again.get('/api/characters'), 200, { data: [], nextCursor: null });
        });

        it('ends the turn that runs: nothing of it is answered or kept', async () => {
          const characterId = await owner.createCharacter();
          const held = app.llm.hold();
          const called = app.llm.nextCall();
          const turn = owner.post('/api/chat', { characterId, message: 'Hello' });
          const signal = await called;
          expectNoContent(await owner.delete(path));
          expectProblem(await turn, 'unauthenticated', { llm: true });
          expect(signal.aborted).to.equal(true);
          held.release();
        });
      });
    }
  });
}
