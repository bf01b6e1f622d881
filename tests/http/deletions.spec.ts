import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import type { ServiceIdentifier } from 'inversify';
import type { ErrorCode } from '#src/domain/errors.js';
import type { Override } from '#src/infrastructure/application.js';
import { CHARACTERS, CLIENTS } from '#src/infrastructure/tokens.js';
import { expectProblem } from '../support/assertions/expect-response.js';
import { FakeOpenAi } from '../support/fakes/fake-openai.js';
import { ApiClient, type ApiResponse } from '../support/fixtures/api-client.js';
import { MEMORY_STORAGE, SQLITE_STORAGE } from '../support/fixtures/app-storages.js';
import { SseReader } from '../support/fixtures/sse-reader.js';
import { HeldAnswer } from '../support/fixtures/streaming-app.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';
import { describeOnAnyRedis } from '../support/processes/with-redis.js';

interface Deletable {
  delete(...args: never[]): Promise<unknown>;
}

/** Holds a deletion up after the conversations have gone, and before the database is written. */
class HeldDeletion {
  readonly #events = new EventEmitter();
  readonly reached = once(this.#events, 'reached');
  readonly #released = once(this.#events, 'release');

  release(): void {
    this.#events.emit('release');
  }

  of<T extends Deletable>(repository: T): T {
    return new Proxy(repository, {
      get: (target, name) => {
        if (name === 'then') return undefined;
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name !== 'delete') return member.bind(target);
        return async (...args: unknown[]) => {
          this.#events.emit('reached');
          await this.#released;
          return Reflect.apply(member, target, args);
        };
      },
    });
  }
}

interface Deletion {
  readonly what: string;
  readonly token: ServiceIdentifier<Deletable>;
  readonly path: (characterId: string) => string;
  /** The error that a turn of it ends with. */
  readonly reported: { readonly status: number; readonly code: ErrorCode };
}

const OF_CHARACTER: Deletion = {
  what: 'a character',
  token: CHARACTERS,
  path: (id) => `/api/characters/${id}`,
  reported: { status: 404, code: 'character_not_found' },
};
const OF_ACCOUNT: Deletion = {
  what: 'an account',
  token: CLIENTS,
  path: () => '/api/clients/me',
  reported: { status: 401, code: 'unauthenticated' },
};

describe('a deletion while a conversation begins', () => {
  let upstream: FakeOpenAi;
  let apps: TestApp[];
  let close: () => Promise<void>;

  beforeEach(async () => {
    upstream = await FakeOpenAi.start();
    apps = [];
    close = async () => undefined;
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.stop()));
    await upstream.close();
    await close();
  });

  const start = async (env: Readonly<Record<string, string>>, override?: Override): Promise<TestApp> => {
    const app = await startTestApp({
      env: {
        MODEL: 'test-model',
        MODEL_PROVIDER: 'openai-compatible',
        MODEL_BASE_URL: upstream.baseUrl,
        ...env,
      },
      ...(override === undefined ? {} : { override }),
    });
    apps.push(app);
    return app;
  };

  /** @param isApart whether the turn runs in another process than the deletion. */
  const expectEnded = async (
    env: Readonly<Record<string, string>>,
    { token, path, reported }: Deletion,
    { stream, isApart }: { stream: boolean; isApart: boolean },
  ): Promise<void> => {
    const held = new HeldDeletion();
    const { url } = await start(env, (container) => {
      const repository = container.get(token);
      container.rebind(token).toConstantValue(held.of(repository));
    });
    const { url: where } = isApart ? await start(env) : { url };
    const answer = new HeldAnswer({ pieces: ['Good', ' day.'] }, stream ? 1 : 0);
    upstream.behaviour = answer.behaviour;
    const owner = await new ApiClient(url).signUp();
    const characterId = await owner.createCharacter();
    const deleted = owner.delete(path(characterId));
    await held.reached;
    const asked = upstream.nextRequest();
    const opened = SseReader.open(`${where}/api/chat`, {
      headers: { 'x-api-key': owner.apiKey ?? '' },
      body: { characterId, message: 'Hello.', stream },
    });
    await asked;
    if (stream) expect((await (await opened).next())?.event).to.equal('turn');
    held.release();
    expect((await deleted).status).to.equal(204);
    // Another process notices it within a second; its own has ended the turn before it answered.
    if (!isApart) answer.release();
    const reader = await opened;
    const events = await reader.rest();
    if (stream) expect(events.at(-1)).to.deep.nested.include({ event: 'error', 'data.code': reported.code });
    else
      expect([reader.status, JSON.parse(reader.text).code]).to.deep.equal([reported.status, reported.code]);
    await upstream.idle();
  };

  for (const deletion of [OF_CHARACTER, OF_ACCOUNT]) {
    for (const stream of [true, false]) {
      const how = stream ? 'streamed' : 'plain';
      for (const storage of [MEMORY_STORAGE, SQLITE_STORAGE]) {
        it(`of ${deletion.what} ends its turn, ${how}, on ${storage.name}`, async () => {
          const opened = await storage.open();
          close = opened.close;
          await expectEnded(opened.env, deletion, { stream, isApart: false });
        });
      }
    }
  }

  describeOnAnyRedis('shared by Redis', (redis) => {
    for (const isApart of [false, true]) {
      const where = isApart ? 'another process' : 'the same process';
      it(`of a character ends its turn in ${where}`, async () => {
        const opened = await SQLITE_STORAGE.open();
        close = opened.close;
        const env = { ...opened.env, REDIS_URL: redis().url };
        await expectEnded(env, OF_CHARACTER, { stream: true, isApart });
      });
    }
  });

  it('that has been answered is seen by every other process at once', async () => {
    const opened = await SQLITE_STORAGE.open();
    close = opened.close;
    const here = await start(opened.env);
    const there = await start(opened.env);
    /** @param onOther reads on the other process what is deleted on this one, without a pause. */
    const expectSeen = async (deletion: () => Promise<ApiResponse>, onOther: () => Promise<ApiResponse>) => {
      expect((await onOther()).status).to.equal(200);
      let isAnswered = false;
      const deleted = deletion().finally(() => {
        isAnswered = true;
      });
      while (!isAnswered) await onOther();
      expect((await deleted).status).to.equal(204);
      return onOther();
    };
    for (let round = 0; round < 5; round += 1) {
      const owner = await new ApiClient(here.url).signUp();
      const onOther = new ApiClient(there.url, owner.apiKey);
      const path = `/api/characters/${await owner.createCharacter()}`;
      expectProblem(
        await expectSeen(
          () => owner.delete(path),
          () => onOther.get(path),
        ),
        'character_not_found',
      );
      expectProblem(
        await expectSeen(
          () => owner.delete('/api/clients/me'),
          // It looks at the key alone.
          () => onOther.get('/api/characters'),
        ),
        'unauthenticated',
      );
    }
  });
});
