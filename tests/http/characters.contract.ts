import { expect } from 'chai';
import type { CharacterRepository } from '#src/application/ports/storage/character-repository.js';
import { MAX_CHARACTERS } from '#src/domain/characters/character.js';
import { CHARACTERS as CHARACTER_REPOSITORY } from '#src/infrastructure/tokens.js';
import { expectJson, expectNoContent, expectProblem, UUID } from '../support/assertions/expect-response.js';
import type { ApiClient } from '../support/fixtures/api-client.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const CHARACTERS = '/api/characters';
const NOBODYS_ID = '0190c0de-1234-7abc-8def-0123456789ab';
const MODEL_FAULT = { field: 'model', message: 'must be one of the models that the operator allows' };
const CAP_FAULT = { field: 'maxOutputTokens', message: 'must be at most 500' };

const FULL = {
  name: 'Ada 🧵 "quoted"',
  instructions: 'You sell {books}.\n{{never}} </script>',
  greeting: '',
  model: 'demo-large',
  temperature: 0.25,
  maxOutputTokens: 500,
  ttlSeconds: 86_400,
};
const DEFAULTS = { greeting: null, model: null, temperature: null, maxOutputTokens: null, ttlSeconds: 300 };

/** The same repository for a service whose bound is so many characters less. */
function withLessRoom(characters: CharacterRepository, less: number): CharacterRepository {
  return {
    create: (clientId, character, max) => characters.create(clientId, character, max - less),
    find: (...args) => characters.find(...args),
    list: (...args) => characters.list(...args),
    update: (...args) => characters.update(...args),
    delete: (...args) => characters.delete(...args),
  };
}

export function charactersContract(storage: AppStorage): void {
  describe('characters', () => {
    const app = useApp(storage, { env: { MODEL_ALLOWED: 'demo-large', MODEL_MAX_OUTPUT_TOKENS: '500' } });
    let owner: ApiClient;

    beforeEach(async () => {
      owner = await app.api.signUp();
    });

    describe('POST', () => {
      for (const [what, input, expected] of [
        ['the least of it', { name: 'A', instructions: 'B' }, { name: 'A', instructions: 'B', ...DEFAULTS }],
        ['all of it', FULL, FULL],
        [
          'the lowest numbers',
          { ...FULL, temperature: 0, maxOutputTokens: 1, ttlSeconds: 10 },
          { ...FULL, temperature: 0, maxOutputTokens: 1, ttlSeconds: 10 },
        ],
      ] as const) {
        it(`keeps ${what} and says where it is`, async () => {
          const response = await owner.post(CHARACTERS, input);
          const { id } = response.body;
          expect(id).to.match(UUID);
          const character = { id, ...expected, createdAt: app.time(), updatedAt: app.time() };
          expectJson(response, 201, character);
          expect(response.headers.get('location')).to.equal(`${CHARACTERS}/${id}`);
          expectJson(await owner.get(`${CHARACTERS}/${id}`), 200, character);
        });
      }

      it('refuses a model and a length that the operator does not allow, and keeps nothing', async () => {
        const response = await owner.post(CHARACTERS, { ...FULL, model: 'gpt-9', maxOutputTokens: 501 });
        expectProblem(response, 'invalid_request', { errors: [MODEL_FAULT, CAP_FAULT] });
        expectJson(await owner.get(CHARACTERS), 200, { data: [], nextCursor: null });
      });
    });

    describe('GET', () => {
      it('pages through 25 characters, newest first, without gap or repetition', async () => {
        const ids: string[] = [];
        for (let i = 0; i < 25; i += 1) ids.unshift(await owner.createCharacter({ name: `No ${i}` }));

        const first = await owner.get(CHARACTERS);
        expect(first.body.data).to.have.length(20);
        expect(first.body.nextCursor).to.be.a('string');
        const second = await owner.get(`${CHARACTERS}?cursor=${first.body.nextCursor}`);
        expectJson(second, 200, { data: second.body.data, nextCursor: null });
        const seen = [...first.body.data, ...second.body.data];
        expect(seen.map(({ id }) => id)).to.deep.equal(ids);
        expect(seen.map(({ name }) => name)).to.deep.equal(ids.map((_, i) => `No ${24 - i}`));

        const whole = await owner.get(`${CHARACTERS}?limit=100`);
        expectJson(whole, 200, { data: seen, nextCursor: null });
      });

      it('goes on in the right place when characters come and go between pages', async () => {
        const ids: string[] = [];
        for (let i = 0; i < 4; i += 1) ids.unshift(await owner.createCharacter());
        const first = await owner.get(`${CHARACTERS}?limit=2`);
        await owner.delete(`${CHARACTERS}/${ids[1]}`);
        await owner.createCharacter();
        const second = await owner.get(`${CHARACTERS}?limit=2&cursor=${first.body.nextCursor}`);
        expect(second.body.data.map(({ id }: { id: string }) => id)).to.deep.equal(ids.slice(2));
        expect(second.body.nextCursor).to.equal(null);
      });

      for (const query of ['limit=0', 'limit=101', 'limit=1.5', 'limit=x', 'cursor=x']) {
        it(`refuses ?${query}`, async () => {
          const response = await owner.get(`${CHARACTERS}?${query}`);
          const [field] = query.split('=');
          const message = response.body.errors?.[0]?.message;
          expect(message).to.be.a('string');
          expectProblem(response, 'invalid_request', { errors: [{ field: field ?? '', message }] });
        });
      }
    });

    describe('PATCH', () => {
      const patch = (id: string, body: object) => owner.patch(`${CHARACTERS}/${id}`, body);

      for (const [name, value] of Object.entries({
        ...FULL,
        name: 'Grace',
        instructions: 'New',
        greeting: 'Hi',
      })) {
        it(`changes ${name} alone`, async () => {
          const id = await owner.createCharacter();
          const before = (await owner.get(`${CHARACTERS}/${id}`)).body;
          app.clock.advance(1000);
          const changed = { ...before, [name]: value, updatedAt: app.time() };
          expectJson(await patch(id, { [name]: value }), 200, changed);
          expectJson(await owner.get(`${CHARACTERS}/${id}`), 200, changed);
        });
      }

      it('clears with null what is optional', async () => {
        const id = await owner.createCharacter(FULL);
        const cleared = {
          greeting: null,
          model: null,
          temperature: null,
          maxOutputTokens: null,
          ttlSeconds: null,
        };
        const { createdAt } = (await owner.get(`${CHARACTERS}/${id}`)).body;
        const expected = { id, ...FULL, ...DEFAULTS, createdAt, updatedAt: app.time() };
        expectJson(await patch(id, cleared), 200, expected);
        expectJson(await owner.get(`${CHARACTERS}/${id}`), 200, expected);
      });

      it('clears nothing that a character needs', async () => {
        const id = await owner.createCharacter();
        for (const name of ['name', 'instructions']) {
          expectProblem(await patch(id, { [name]: null }), 'invalid_request', {
            errors: [{ field: name, message: 'must be string' }],
          });
        }
      });

      it('refuses to change nothing', async () => {
        const id = await owner.createCharacter();
        expectProblem(await patch(id, {}), 'invalid_request', {
          errors: [{ field: 'body', message: 'must change at least one field' }],
        });
      });

      it('refuses a model and a length that the operator does not allow, and changes nothing', async () => {
        const id = await owner.createCharacter();
        const before = (await owner.get(`${CHARACTERS}/${id}`)).body;
        const response = await patch(id, { name: 'Never', model: 'gpt-9', maxOutputTokens: 501 });
        expectProblem(response, 'invalid_request', { errors: [MODEL_FAULT, CAP_FAULT] });
        expectJson(await owner.get(`${CHARACTERS}/${id}`), 200, before);
      });
    });

    describe('DELETE', () => {
      it('ends a character and its conversations, and nobody else’s', async () => {
        const [id, other] = [await owner.createCharacter(), await owner.createCharacter()];
        await owner.post('/api/chat', { characterId: id, message: 'Hi', conversationId: 'a' });
        await owner.post('/api/chat', { characterId: other, message: 'Hi', conversationId: 'b' });
        expectNoContent(await owner.delete(`${CHARACTERS}/${id}`));
        expectProblem(await owner.get(`${CHARACTERS}/${id}`), 'character_not_found');
        expectProblem(await owner.get('/api/conversations/a'), 'conversation_not_found');
        expect((await owner.get('/api/conversations/b')).status).to.equal(200);
        expect((await owner.get(CHARACTERS)).body.data.map((each: { id: string }) => each.id)).to.deep.equal([
          other,
        ]);
      });

      it('ends the turn that runs, which keeps nothing', async () => {
        const characterId = await owner.createCharacter();
        const held = app.llm.hold();
        const called = app.llm.nextCall();
        const turn = owner.post('/api/chat', { characterId, message: 'Hi', conversationId: 'c' });
        const signal = await called;
        expectNoContent(await owner.delete(`${CHARACTERS}/${characterId}`));
        expectProblem(await turn, 'character_not_found', { llm: true });
        expect(signal.aborted).to.equal(true);
        held.release();
        expectProblem(await owner.get('/api/conversations/c'), 'conversation_not_found');
      });
    });

    const EACH = [
      ['GET', undefined],
      ['PATCH', { name: 'B' }],
      ['DELETE', undefined],
    ] as const;
    for (const [method, body] of EACH) {
      it(`${method} finds no character of that id, nor one that has gone`, async () => {
        const gone = await owner.createCharacter();
        await owner.delete(`${CHARACTERS}/${gone}`);
        for (const id of [NOBODYS_ID, gone]) {
          expectProblem(await owner.send(method, `${CHARACTERS}/${id}`, body), 'character_not_found');
        }
      });

      it(`${method} refuses what is no id`, async () => {
        for (const id of ['1', NOBODYS_ID.toUpperCase(), `${NOBODYS_ID}0`, '%F0%9F%98%80']) {
          expectProblem(await owner.send(method, `${CHARACTERS}/${id}`, body), 'invalid_request', {
            errors: [{ field: 'uuid', message: 'must be a lower-case UUID' }],
          });
        }
      });
    }
  });

  describe('characters of a client that has as many as it may have', () => {
    const app = useApp(storage, {
      override: (container) => {
        const characters = withLessRoom(container.get(CHARACTER_REPOSITORY), MAX_CHARACTERS - 3);
        container.rebind(CHARACTER_REPOSITORY).toConstantValue(characters);
      },
    });

    it('get no more of them, however many are asked for at once, until one is deleted', async () => {
      const owner = await app.api.signUp();
      const input = { name: 'A', instructions: 'B' };
      const responses = await Promise.all(Array.from({ length: 8 }, () => owner.post(CHARACTERS, input)));
      const made = responses.filter(({ status }) => status === 201);
      expect(made).to.have.length(3);
      for (const response of responses) {
        if (!made.includes(response)) expectProblem(response, 'too_many_characters');
      }
      expect((await owner.get(CHARACTERS)).body.data).to.have.length(3);
      expect((await (await app.api.signUp()).post(CHARACTERS, input)).status).to.equal(201);

      await owner.delete(`${CHARACTERS}/${made[0]?.body.id}`);
      expect((await owner.post(CHARACTERS, input)).status).to.equal(201);
      expectProblem(await owner.post(CHARACTERS, input), 'too_many_characters');
    });
  });
}
