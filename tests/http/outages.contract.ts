import { expect } from 'chai';
import { AppError } from '#src/domain/errors.js';
import {
  API_KEYS,
  CHARACTERS,
  CLIENTS,
  CONVERSATIONS,
  IDS,
  MANAGED_CLIENTS,
  PASSWORDS,
} from '#src/infrastructure/tokens.js';
import { expectJson, expectProblem } from '../support/assertions/expect-response.js';
import { failingPort } from '../support/fakes/failing-port.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';
import { DOCUMENT, exampleOf, OPERATIONS } from '../support/fixtures/openapi-operations.js';

const SERVICE_KEY = 'operator-key-0123456789';
const ID = '0190c0de-1234-7abc-8def-0123456789ab';
const SERVICE = ['/', '/health', '/livez', '/readyz'];
const KNOWN = {
  email: 'a@example.com',
  password: 'correct horse battery',
  characterId: ID,
  storeName: 'Shop',
};

export function outagesContract(storage: AppStorage): void {
  describe('without its database', () => {
    const error = () => new AppError('database_unavailable', { cause: new Error('disk I/O error: /secret') });
    const app = useApp(storage, {
      env: { FASTWRAP_API_KEY: SERVICE_KEY },
      override: (container) => {
        const [clients, characters] = [container.get(CLIENTS), container.get(CHARACTERS)];
        const managed = failingPort(container.get(MANAGED_CLIENTS), error());
        container.rebind(MANAGED_CLIENTS).toConstantValue(managed);
        container.rebind(CLIENTS).toConstantValue(failingPort(clients, error()));
        container.rebind(CHARACTERS).toConstantValue(failingPort(characters, error()));
      },
    });

    for (const { method, path, body } of OPERATIONS.filter((each) => !SERVICE.includes(each.path))) {
      it(`${method} ${path} answers 503, and not 401`, async () => {
        const key = app.container.get(API_KEYS).mint(app.container.get(IDS).next()).text;
        const address = path.replace(/\{\w+\}/g, ID);
        const response = await app.api
          .withKey(key)
          .send(method, address, body === null ? undefined : exampleOf(body, KNOWN), {
            'x-fastwrap-api-key': SERVICE_KEY,
          });
        expectProblem(response, 'database_unavailable');
      });
    }

    it('/health says so with 503; the process is alive', async () => {
      expectJson(await app.api.get('/health'), 503, {
        status: 'down',
        version: DOCUMENT.info.version,
        uptimeSeconds: 0,
        checks: { database: 'down', cache: 'ok', model: 'ok' },
      });
      expectJson(await app.api.get('/livez'), 200, { status: 'ok' });
    });
  });

  describe('without its conversation cache', () => {
    const app = useApp(storage, {
      override: (container) => {
        const conversations = container.get(CONVERSATIONS);
        const error = new AppError('cache_unavailable', { cause: new Error('ECONNREFUSED 10.0.0.1') });
        container.rebind(CONVERSATIONS).toConstantValue(failingPort(conversations, error));
      },
    });

    it('chat and conversations answer 503, and no model is called', async () => {
      const owner = await app.api.signUp();
      const characterId = await owner.createCharacter();
      expectProblem(await owner.post('/api/chat', { characterId, message: 'Hi' }), 'cache_unavailable');
      expectProblem(await owner.get('/api/conversations/c'), 'cache_unavailable');
      expectProblem(await owner.delete('/api/conversations/c'), 'cache_unavailable');
      expectProblem(await owner.delete(`/api/characters/${characterId}`), 'cache_unavailable');
      expect(app.llm.prompts).to.deep.equal([]);
    });

    it('/health says so with 503', async () => {
      const response = await app.api.get('/health');
      expect({ status: response.status, checks: response.body.checks }).to.deep.equal({
        status: 503,
        checks: { database: 'ok', cache: 'down', model: 'ok' },
      });
    });
  });

  describe('with more passwords than it can hash', () => {
    const app = useApp(storage, {
      override: (container) => {
        const error = new AppError('overloaded', { retryAfterSeconds: 2 });
        const passwords = container.get(PASSWORDS);
        container.rebind(PASSWORDS).toConstantValue(failingPort(passwords, error));
      },
    });

    for (const path of ['/auth/signup', '/auth/keys']) {
      it(`POST ${path} asks to come back later`, async () => {
        const body = { email: 'a@example.com', password: 'correct horse battery' };
        expectProblem(await app.api.post(path, body), 'overloaded', { retryAfter: '2' });
      });
    }
  });
}
