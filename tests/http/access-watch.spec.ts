import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import type { ClientRepository } from '#src/application/ports/storage/client-repository.js';
import { AppError } from '#src/domain/errors.js';
import { CLIENTS } from '#src/infrastructure/tokens.js';
import { HeldAnswer, StreamingApp } from '../support/fixtures/streaming-app.js';

/** Turns that were let in by a key which is then checked again and again, by a database that may be away. */
describe('a turn whose key cannot be checked', () => {
  const checks = new EventEmitter();
  let isAway: boolean;
  let app: StreamingApp;

  function unsteady(clients: ClientRepository): ClientRepository {
    return new Proxy(clients, {
      get(target, name) {
        if (name === 'then') return undefined;
        if (name !== 'findKeyVerifiers') {
          const member: unknown = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        }
        return (keyIds: readonly string[]) => {
          setImmediate(() => checks.emit('check'));
          return isAway
            ? Promise.reject(new AppError('database_unavailable'))
            : target.findKeyVerifiers(keyIds);
        };
      },
    });
  }

  beforeEach(async () => {
    isAway = true;
    app = await StreamingApp.start({
      override: (container) => {
        const clients = container.get(CLIENTS);
        container.rebind(CLIENTS).toConstantValue(unsteady(clients));
      },
    });
  });

  afterEach(() => app.close());

  it('goes on to its end while the database is away', async () => {
    const held = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1);
    app.upstream.behaviour = held.behaviour;
    const reader = await app.stream();
    expect((await reader.next())?.event).to.equal('turn');
    for (let count = 0; count < 2; count += 1) await once(checks, 'check');
    held.release();
    expect((await reader.rest()).at(-1)?.event).to.equal('done');
    expect(app.app.logLines).to.deep.include({
      level: 'warn',
      fields: { err: new AppError('database_unavailable') },
      message: 'the keys in use could not be checked',
    });
  });

  it('ends when the database is back and the key has been revoked', async () => {
    const held = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1);
    app.upstream.behaviour = held.behaviour;
    const reader = await app.stream();
    await reader.next();
    const { apiKey } = (await app.api.post('/api/clients/me/keys', {})).body;
    const [{ id }] = (await app.api.get('/api/clients/me/keys')).body.data;
    expect((await app.api.withKey(apiKey).delete(`/api/clients/me/keys/${id}`)).status).to.equal(204);
    await once(checks, 'check');
    isAway = false;
    const last = (await reader.rest()).at(-1);
    expect({ event: last?.event, ...last?.data }).to.include({
      event: 'error',
      status: 401,
      code: 'unauthenticated',
    });
    await app.upstream.idle();
  });
});
