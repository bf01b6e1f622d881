import { expect } from 'chai';
import { expectProblem } from '../support/assertions/expect-response.js';
import { ApiClient, type ApiResponse } from '../support/fixtures/api-client.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';

const NONE = /^$/;

describe('the bounds of a body', () => {
  let app: TestApp;
  let api: ApiClient;
  let owner: ApiClient;

  before(async () => {
    app = await startTestApp();
    api = new ApiClient(app.url);
    owner = await api.signUp();
  });

  after(() => app.stop());

  it('name the length, and not the form, when a text is far too long for its pattern', async () => {
    const hostile = `a@${'.'.repeat(60_000)}@`;
    for (const path of ['/auth/signup', '/auth/keys']) {
      const response = await api.post(path, { email: hostile, password: 'correct horse battery' });
      expectProblem(response, 'invalid_request', {
        errors: [{ field: 'email', message: 'must have at most 254 characters' }],
      });
    }
  });

  for (const email of ['a@b..cc', '@b.cc', 'a@b', 'a@b.', 'a b@c.dd']) {
    it(`refuse ${email} for an address`, async () => {
      expectProblem(
        await api.post('/auth/signup', { email, password: 'correct horse battery' }),
        'invalid_request',
        {
          errors: [{ field: 'email', message: 'must be an email address' }],
        },
      );
    });
  }

  for (const [what, max, bodyOf] of [
    [
      'lists within lists',
      32,
      (count: number) => `{"name":${'['.repeat(count - 1)}${']'.repeat(count - 1)}}`,
    ],
    ['objects within objects', 32, (count: number) => `${'{"name":'.repeat(count)}1${'}'.repeat(count)}`],
    ['values', 1000, (count: number) => `{"name":[${Array(count).fill('1')}]}`],
  ] as const) {
    it(`take ${max} ${what} for a body, and not one more`, async () => {
      expectProblem(await owner.post('/api/characters', bodyOf(max)), 'invalid_request', {
        errors: [
          { field: 'instructions', message: 'is required' },
          { field: 'name', message: 'must be string' },
        ],
      });
      expectProblem(await owner.post('/api/characters', bodyOf(max + 1)), 'payload_too_large');
    });
  }

  it('count characters, as openapi.json says, and not half of them', async () => {
    const traits = { name: '😀'.repeat(80), instructions: '😀'.repeat(10_000) };
    const created = await owner.post('/api/characters', traits);
    expect({ status: created.status, name: created.body.name }).to.deep.equal({
      status: 201,
      name: traits.name,
    });
    const characterId: string = created.body.id;
    expect((await owner.post('/api/chat', { characterId, message: '😀'.repeat(8000) })).status).to.equal(200);

    expectProblem(
      await owner.post('/api/characters', { ...traits, name: '😀'.repeat(81) }),
      'invalid_request',
      {
        errors: [{ field: 'name', message: 'must have at most 80 characters' }],
      },
    );
    expectProblem(
      await owner.post('/api/chat', { characterId, message: '😀'.repeat(8001) }),
      'invalid_request',
      {
        errors: [{ field: 'message', message: 'must have at most 8000 characters' }],
      },
    );
  });

  for (const [what, body] of Object.entries({
    'the same': '{"name":"a","instructions":"b","name":"c"}',
    'an unknown one': '{"name":"a","instructions":"b","x":{"y":1,"y":2}}',
  })) {
    it(`refuse a field that comes twice, ${what}: neither is dropped without a word`, async () => {
      expectProblem(await owner.post('/api/characters', body), 'invalid_request', {
        detail: 'The body has the same field twice.',
      });
    });
  }

  it('take one name in several objects and in texts for what it is', async () => {
    const instructions = '{"a":1,"a":2} \\" "a":';
    const created = await owner.post('/api/characters', { name: 'a', instructions });
    expect({ status: created.status, instructions: created.body.instructions }).to.deep.equal({
      status: 201,
      instructions,
    });
  });

  it('name at most 50 faults, however many there are', async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, 1]));
    const response = await api.post('/auth/signup', many);
    expect(response.status).to.equal(400);
    expect(response.body.errors).to.have.length(50);
  });
});

describe('the files of the documentation', () => {
  let app: TestApp;
  let api: ApiClient;

  before(async () => {
    app = await startTestApp();
    api = new ApiClient(app.url);
  });

  after(() => app.stop());

  const get = (headers: Record<string, string>): Promise<ApiResponse> =>
    api.get('/docs/swagger-ui.css', headers);

  for (const [name, value] of [
    ['range', 'bytes=999999999-'],
    ['range', 'nonsense'],
    ['if-match', '"zz"'],
    ['if-unmodified-since', 'Mon, 01 Jan 1990 00:00:00 GMT'],
  ] as const) {
    it(`are served whole in spite of ${name}: ${value}`, async () => {
      const response = await get({ [name]: value });
      expect(response.status).to.equal(200);
      expect(response.headers.get('content-type')).to.match(/^text\/css/);
      expect(response.text).not.to.match(NONE);
    });
  }

  it('are the ones that the page needs, and no others of the package', async () => {
    for (const name of ['package.json', 'LICENSE', 'swagger-ui.js', 'index.html']) {
      expectProblem(await api.get(`/docs/${name}`), 'not_found');
    }
  });
});
