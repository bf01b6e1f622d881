import { expect } from 'chai';
import { ApiKeyUses } from '#src/application/background/api-key-uses.js';
import { expectProblem } from '../support/assertions/expect-response.js';
import type { ApiClient, ApiResponse } from '../support/fixtures/api-client.js';
import { MEMORY_STORAGE, SQLITE_STORAGE } from '../support/fixtures/app-storages.js';
import { type AppUnderTest, useApp } from '../support/fixtures/app-under-test.js';
import { DOCUMENT, OPERATIONS } from '../support/fixtures/openapi-operations.js';
import { bodyOf, combinations, fillPath, idProperties, isId } from '../support/fixtures/openapi-requests.js';

/** Everything else needs a key: each line here opens a door. */
const PUBLIC = ['GET /', 'GET /health', 'GET /livez', 'GET /readyz', 'POST /auth/signup', 'POST /auth/keys'];
const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const WITHOUT_BODY = ['GET', 'HEAD', 'DELETE', 'OPTIONS'];
const SERVICE_KEY = 'operator-key-0123456789';
const SECRET = 'what-only-alice-knows';
const NOBODYS_UUID = '0190c0de-1234-7abc-8def-0123456789ab';
const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

interface Tenant {
  readonly api: ApiClient;
  readonly characterId: string;
  /** Of everything that it has. */
  readonly ids: readonly string[];
}

async function makeTenant(app: AppUnderTest, text: string, conversationId: string): Promise<Tenant> {
  const api = await app.api.signUp();
  await api.patch('/api/clients/me', { storeName: text });
  const keys = [
    (await api.get('/api/clients/me/keys')).body.data[0].id,
    (await api.post('/api/clients/me/keys', { name: text })).body.id,
  ];
  const characterId = await api.createCharacter({ name: text, instructions: text });
  const own = await api.post('/api/chat', { characterId, message: text, conversationId });
  const made = await api.post('/api/chat', { characterId, message: text });
  const { id } = (await api.get('/api/clients/me')).body;
  await app.container.get(ApiKeyUses).flush();
  const conversationIds = [own, made].map(({ body }) => body.conversation.id);
  return { api, characterId, ids: [characterId, ...conversationIds, ...keys, own.body.turnId, id] };
}

/** With everything that paths, queries, keys of a store and its scripts take for a separator. */
const hostileId = (name: string) => `${name}|gid://shop/1:{${name}}%2F..;a=b&c?#[*]@,+\\"`;

/** An id of the same form as `id` that nobody has. */
function nobodys(id: string): string {
  return id.replace(UUIDS, NOBODYS_UUID).replaceAll('alice', 'nobody');
}

/** All that a tenant can read of what it has, by every GET that there is. */
async function snapshot({ api, ids }: Tenant): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  for (const { path, pathParameters } of OPERATIONS.filter(({ method }) => method === 'GET')) {
    if (PUBLIC.includes(`GET ${path}`)) continue;
    for (const values of combinations(
      pathParameters.map(({ name }) => name),
      ids,
    )) {
      const address = fillPath(path, values);
      const { status, body } = await api.get(address);
      if (status < 300) seen[address] = body;
    }
  }
  return seen;
}

/** What distinguishes two answers for a caller, the ids that were sent aside. */
function shape(response: ApiResponse, sent: readonly string[]): object {
  const asJson = (id: string) => JSON.stringify(id).slice(1, -1);
  const text = sent.reduce((rest, id) => rest.replaceAll(asJson(id), '<sent>'), response.text);
  return {
    status: response.status,
    headers: [...response.headers.keys()].sort(),
    allow: response.headers.get('allow'),
    text: text.replaceAll(UUIDS, '<uuid>'),
  };
}

const withPathParameters = Object.keys(DOCUMENT.paths).filter((path) => path.includes('{'));

for (const storage of [MEMORY_STORAGE, SQLITE_STORAGE]) {
  describe(`isolation of clients on ${storage.name}`, () => {
    const app = useApp(storage, { env: { FASTWRAP_API_KEY: SERVICE_KEY } });
    let alice: Tenant;
    let bob: Tenant;
    let before: object;
    /** Two serve until a test has changed what they have. */
    let areUntouched = false;

    beforeEach(async () => {
      if (!areUntouched) {
        alice = await makeTenant(app, SECRET, hostileId('alice'));
        bob = await makeTenant(app, 'Bob', hostileId('bob'));
        before = { alice: await snapshot(alice), bob: await snapshot(bob) };
      }
      areUntouched = false;
      app.llm.prompts.length = 0;
    });

    const expectNothingChanged = async () => {
      expect({ alice: await snapshot(alice), bob: await snapshot(bob) }).to.deep.equal(before);
      areUntouched = true;
    };
    const expectSecretKept = (response: ApiResponse) => {
      expect(response.text).not.to.include(SECRET);
      expect(JSON.stringify(app.llm.prompts)).not.to.include(SECRET);
    };

    for (const path of withPathParameters) {
      for (const method of VERBS) {
        const operation = OPERATIONS.find((each) => each.path === path && each.method === method);
        const names = [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);
        const bodyFor = ({ characterId }: Tenant) =>
          operation === undefined
            ? WITHOUT_BODY.includes(method)
              ? undefined
              : {}
            : bodyOf(operation, { characterId });

        it(`${method} ${path}: another's id is as good as nobody's`, async () => {
          for (const ids of combinations(names, alice.ids)) {
            const nobody = Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, nobodys(id)]));
            const body = bodyFor(bob);
            const tried = await bob.api.send(method, fillPath(path, ids), body);
            const missing = await bob.api.send(method, fillPath(path, nobody), body);
            expect(shape(tried, Object.values(ids))).to.deep.equal(shape(missing, Object.values(nobody)));
            expectSecretKept(tried);
          }
          await expectNothingChanged();
        });

        if (operation === undefined) continue;
        const isForOperator = operation.security === 'serviceKey';
        it(`${method} ${path}: the ${isForOperator ? 'operator' : 'owner of the id'} does get through`, async () => {
          const api = isForOperator ? app.api : alice.api;
          const headers: Record<string, string> = isForOperator ? { 'x-fastwrap-api-key': SERVICE_KEY } : {};
          const answers = [];
          for (const ids of combinations(names, alice.ids)) {
            answers.push((await api.send(method, fillPath(path, ids), bodyFor(alice), headers)).status);
          }
          expect(answers.filter((status) => status < 300)).not.to.deep.equal([]);
        });
      }
    }

    for (const operation of OPERATIONS.filter((each) => idProperties(each).length > 0)) {
      const { method, path, pathParameters } = operation;
      const requestOf = ({ characterId, ids }: Tenant, besides: Record<string, string>) =>
        [
          fillPath(path, Object.fromEntries(pathParameters.map(({ name }) => [name, ids[0] ?? '']))),
          bodyOf(operation, { characterId }, besides),
        ] as const;

      for (const property of idProperties(operation)) {
        it(`${method} ${path}: another's id in ${property} is as good as nobody's`, async () => {
          for (const id of alice.ids) {
            const tried = await bob.api.send(method, ...requestOf(bob, { [property]: id }));
            const missing = await bob.api.send(method, ...requestOf(bob, { [property]: nobodys(id) }));
            await bob.api.delete(`/api/conversations/${encodeURIComponent(nobodys(id))}`);
            expect(shape(tried, [id])).to.deep.equal(shape(missing, [nobodys(id)]));
            expectSecretKept(tried);
          }
          expect(await snapshot(alice)).to.deep.equal(Object.values(before)[0]);
        });

        it(`${method} ${path}: the owner of the id in ${property} does get through`, async () => {
          const answers = [];
          for (const id of alice.ids) {
            answers.push((await alice.api.send(method, ...requestOf(alice, { [property]: id }))).status);
          }
          expect(answers.filter((status) => status < 300)).not.to.deep.equal([]);
        });
      }
    }

    for (const { method, path, queryParameters } of OPERATIONS) {
      for (const { name } of queryParameters.filter(({ schema }) => isId(schema))) {
        it(`${method} ${path}: another's id in ?${name} shows nothing of the other's`, async () => {
          for (const id of alice.ids)
            expectSecretKept(await bob.api.get(`${path}?${name}=${encodeURIComponent(id)}`));
          await expectNothingChanged();
        });
      }
    }
  });
}

describe('default deny', () => {
  const app = useApp(MEMORY_STORAGE);

  it('names only operations that exist as public', () => {
    expect(OPERATIONS.map(({ method, path }) => `${method} ${path}`)).to.include.members(PUBLIC);
  });

  for (const operation of OPERATIONS) {
    const { method, path } = operation;
    if (PUBLIC.includes(`${method} ${path}`)) continue;

    it(`${method} ${path} needs a key`, async () => {
      const address = path.replace(/\{\w+\}/g, NOBODYS_UUID);
      const body = bodyOf(operation, { characterId: NOBODYS_UUID });
      const given =
        operation.security === 'serviceKey' ? { detail: 'The service key of the operator is required.' } : {};
      for (const key of [null, 'nonsense']) {
        expectProblem(await app.api.withKey(key).send(method, address, body), 'unauthenticated', given);
      }
    });
  }
});
