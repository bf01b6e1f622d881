import { expect } from 'chai';
import type { ApiClient, ApiResponse } from '../support/fixtures/api-client.js';
import { MEMORY_STORAGE } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const SERVICE_KEY = 'operator-key-0123456789';
const PASSWORD = 'correct horse battery';
const NEW_PASSWORD = 'another horse battery';

describe('the audit log', () => {
  const app = useApp(MEMORY_STORAGE, { env: { FASTWRAP_API_KEY: SERVICE_KEY } });
  const asOperator = { 'x-fastwrap-api-key': SERVICE_KEY };
  let email: string;
  let client: ApiClient;
  let clientId: string;
  let keyId: string;

  beforeEach(async () => {
    email = `owner-${crypto.randomUUID()}@example.com`;
    client = await app.api.signUp(email);
    clientId = (await client.get('/api/clients/me')).body.id;
    keyId = (await client.get('/api/clients/me/keys')).body.data[0].id;
  });

  /** What the call left in the log, whose id the caller receives. */
  async function entriesOf(call: () => Promise<ApiResponse>): Promise<object[]> {
    const before = app.app.logLines.length;
    const requestId = (await call()).headers.get('x-request-id');
    const entries = app.app.logLines.slice(before).filter(({ message }) => message === 'audit');
    for (const { level, fields } of entries) {
      expect(level).to.equal('info');
      expect(fields).to.include({ address: '127.0.0.1', requestId });
    }
    return entries.map(({ fields: { address: _, requestId: __, ...fields } }) =>
      Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    );
  }

  it('records sign-ups, and only those that came about', async () => {
    let made: ApiResponse | undefined;
    const input = { email: `new-${email}`, password: PASSWORD };
    const entries = await entriesOf(async () => {
      made = await app.api.post('/auth/signup', input);
      return made;
    });
    const key = (await app.api.withKey(made?.body.apiKey).get('/api/clients/me/keys')).body.data[0];
    expect(entries).to.deep.equal([
      { audit: 'signup', clientId: made?.body.client.id, keyId: key.id, actor: 'anonymous' },
    ]);
    expect(await entriesOf(() => app.api.post('/auth/signup', input))).to.deep.equal([]);
  });

  it('records keys, whose they are and which key made and revoked them', async () => {
    let made = '';
    const actor = { actor: 'client', actorKeyId: keyId };
    const entries = await entriesOf(async () => {
      const response = await client.post('/api/clients/me/keys', { name: 'till' });
      made = response.body.id;
      return response;
    });
    expect(entries).to.deep.equal([{ audit: 'key_created', clientId, keyId: made, ...actor }]);
    const revoke = (id: string) => () => client.delete(`/api/clients/me/keys/${id}`);
    expect(await entriesOf(revoke(made))).to.deep.equal([
      { audit: 'key_revoked', clientId, keyId: made, ...actor },
    ]);
    expect(await entriesOf(revoke(keyId))).to.deep.equal([]);
    expect(await entriesOf(revoke(crypto.randomUUID()))).to.deep.equal([]);
  });

  it('records failed logins, whose account where there is one, and keys that were recovered', async () => {
    const recover = (who: string, password: string) => () =>
      app.api.post('/auth/keys', { email: who, password });
    const failed = { audit: 'login_failed', actor: 'anonymous' };
    expect(await entriesOf(recover(email, 'wrong horse battery'))).to.deep.equal([{ ...failed, clientId }]);
    expect(await entriesOf(recover(`no-${email}`, PASSWORD))).to.deep.equal([failed]);
    const [recovered] = await entriesOf(recover(email, PASSWORD));
    const keys = (await client.get('/api/clients/me/keys')).body.data;
    expect(recovered).to.deep.equal({
      audit: 'key_recovered',
      clientId,
      keyId: keys[1].id,
      actor: 'anonymous',
    });
  });

  it('records changes that could take an account over, and failed ones', async () => {
    const patch = (body: object) => () => client.patch('/api/clients/me', body);
    const actor = { clientId, actor: 'client', actorKeyId: keyId };
    expect(await entriesOf(patch({ storeName: 'Books' }))).to.deep.equal([]);
    expect(
      await entriesOf(patch({ newPassword: NEW_PASSWORD, currentPassword: 'wrong horse battery' })),
    ).to.deep.equal([{ audit: 'login_failed', ...actor }]);
    const both = { email: `b-${email}`, newPassword: NEW_PASSWORD, currentPassword: PASSWORD };
    expect(await entriesOf(patch(both))).to.deep.equal([
      { audit: 'email_changed', ...actor },
      { audit: 'password_changed', ...actor },
    ]);
  });

  it('records what the operator did, and only what came about', async () => {
    const address = `/admin/clients/${clientId}`;
    const patch = (body: object) => () => app.api.patch(address, body, asOperator);
    const actor = { clientId, actor: 'operator' };
    expect(await entriesOf(patch({ suspended: true }))).to.deep.equal([
      { audit: 'client_suspended', ...actor },
    ]);
    expect(await entriesOf(patch({ suspended: false, budgetTokensPerDay: 5 }))).to.deep.equal([
      { audit: 'client_resumed', ...actor },
      { audit: 'client_updated', ...actor },
    ]);
    expect(await entriesOf(patch({ limits: { chatPerMinute: 5 } }))).to.deep.equal([
      { audit: 'client_updated', ...actor },
    ]);
    expect(await entriesOf(patch({}))).to.deep.equal([]);
    const remove = () => app.api.delete(address, asOperator);
    expect(await entriesOf(remove)).to.deep.equal([{ audit: 'client_deleted', ...actor }]);
    expect(await entriesOf(remove)).to.deep.equal([]);
    expect(await entriesOf(patch({ suspended: true }))).to.deep.equal([]);
  });

  it('records a client that deleted itself', async () => {
    expect(await entriesOf(() => client.delete('/api/clients/me'))).to.deep.equal([
      { audit: 'client_deleted', clientId, actor: 'client', actorKeyId: keyId },
    ]);
  });

  it('holds no email, password or key', () => {
    const text = JSON.stringify(app.app.logLines);
    expect(text).to.include('login_failed');
    for (const secret of [/@example/, /horse/, /fw_/, new RegExp(SERVICE_KEY)]) {
      expect(text).not.to.match(secret);
    }
  });
});
