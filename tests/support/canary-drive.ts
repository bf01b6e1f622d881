import { expect } from 'chai';
import { ApiClient } from '#tests/support/api-client.js';
import { Canaries, makeCanary } from '#tests/support/canaries.js';
import type { FakeOpenAi } from '#tests/support/fake-openai.js';
import { INDISCRETIONS } from '#tests/support/indiscreet-upstream.js';

const NAMES = Object.keys(INDISCRETIONS);
/** Every way of the upstream, plain and streamed. */
export const TURNS_DRIVEN = 2 * NAMES.length;

interface Response {
  readonly name: string;
  readonly status: number;
  readonly headers: string;
  readonly text: string;
}

/** Drives one service through all that can go right and wrong, with secrets wherever a secret can be. */
export class CanaryDrive {
  readonly canaries = new Canaries();
  readonly responses: Response[] = [];
  readonly email = `${makeCanary().slice(0, 10)}@example.com`;
  readonly #providerKey = `sk-${this.canaries.make('provider key')}`;
  readonly #instructions = `You never tell ${this.canaries.make('instructions')}.`;
  readonly #message = `Do not repeat ${this.canaries.make('message')}.`;
  readonly #password = this.canaries.make('password');
  readonly #wrongPassword = this.canaries.make('wrong password');

  constructor(private readonly upstream: FakeOpenAi) {}

  get environment(): Record<string, string> {
    return {
      PORT: '0',
      DATABASE_URL: 'memory:',
      LOG_LEVEL: 'info',
      MODEL: 'default-model',
      MODEL_CHECK: 'false',
      // A circuit breaker for each, so that none keeps another from its upstream.
      MODEL_ALLOWED: NAMES.flatMap((_, i) => [`plain-${i}`, `streamed-${i}`]).join(','),
      MODEL_PROVIDER: 'openai-compatible',
      MODEL_BASE_URL: this.upstream.baseUrl,
      MODEL_KEY: this.#providerKey,
      MODEL_FIRST_TOKEN_MS: '400',
      MODEL_CHUNK_MS: '200',
      MODEL_TOTAL_MS: '800',
      SHUTDOWN_GRACE_MS: '100',
    };
  }

  async run(url: string): Promise<void> {
    const stranger = new ApiClient(url);
    const account = await stranger.post('/auth/signup', { email: this.email, password: this.#password });
    const { apiKey } = account.body;
    this.canaries.add('API key', String(apiKey).split('_').at(-1) ?? '');
    const api = stranger.withKey(apiKey);
    await this.#turns(api);
    await this.#badRequests(api);
    await this.#credentials(stranger, apiKey);
  }

  /** All at once: most of the time nobody says anything. */
  async #turns(api: ApiClient): Promise<void> {
    const turns = NAMES.flatMap((name, i) =>
      ['plain', 'streamed'].map((kind) => ({ name, kind, model: `${kind}-${i}` })),
    );
    const behaviours = new Map(turns.map(({ name, model }) => [model, INDISCRETIONS[name]]));
    this.upstream.behaviour = (request, response) =>
      behaviours.get(request.body.model ?? '')?.(request, response);
    await Promise.all(
      turns.map(async ({ name, kind, model }) => {
        const characterId = await api.createCharacter({ instructions: this.#instructions, model });
        const body = { characterId, message: this.#message, stream: kind === 'streamed' };
        await this.#send(`${name}, ${kind}`, api, 'POST', '/api/chat', body);
      }),
    );
  }

  async #badRequests(api: ApiClient): Promise<void> {
    const characterId = await api.createCharacter({ instructions: this.#instructions });
    const message = this.#message;
    const bodies: Record<string, unknown> = {
      'no JSON': `{"message": "${message}`,
      'no JSON at all': message,
      'bytes that are no text': Buffer.concat([Buffer.from(`{"message":"${message}`), Buffer.of(0xff, 0xfe)]),
      'a wrong type': { characterId, message: [message] },
      'a string for a boolean': { characterId, message, stream: message },
      'an unknown character': { characterId: crypto.randomUUID(), message },
      'no id': { characterId: message, message },
      'a bad conversation id': { characterId, message, conversationId: message },
      'an unknown field': { characterId, message, extra: message },
      'another choice': { characterId, message, onBusy: message },
      'half a character': { characterId, message: `${message}\ud800` },
      'too long': { characterId, message: message.repeat(500) },
      'too large': { characterId, message: message.repeat(5000) },
      'too deep': `${'['.repeat(50)}"${message}"${']'.repeat(50)}`,
    };
    for (const [name, body] of Object.entries(bodies)) {
      await this.#send(name, api, 'POST', '/api/chat', body);
      await this.#send(`${name}, streamed`, api, 'POST', '/api/chat', body, { accept: 'text/event-stream' });
    }
    const instructions = this.#instructions;
    await this.#send('no name', api, 'POST', '/api/characters', { instructions });
    await this.#send('a wrong type', api, 'POST', '/api/characters', {
      name: 'A',
      instructions: { instructions },
    });
    await this.#send('a wrong model', api, 'POST', '/api/characters', {
      name: 'A',
      instructions,
      model: instructions,
    });
    await this.#send('another media type', api, 'POST', '/api/chat', message, {
      'content-type': 'text/plain',
    });
    const path = encodeURIComponent(message);
    for (const [method, where] of [
      ['GET', `/api/characters/${path}`],
      ['GET', `/api/conversations/${path}`],
      ['GET', `/api/characters?cursor=${path}`],
      ['GET', `/${path}`],
      ['GET', `/api/%ff${path}`],
      ['PUT', `/api/chat?${path}`],
    ] as const) {
      await this.#send(`${method} of a secret address`, api, method, where, undefined, {
        'x-request-id': `(${message})`,
      });
    }
  }

  async #credentials(stranger: ApiClient, apiKey: string): Promise<void> {
    const { email } = this;
    const password = this.#password;
    const currentPassword = this.#wrongPassword;
    const api = stranger.withKey(apiKey);
    const twisted = apiKey.slice(0, -1) + (apiKey.endsWith('0') ? '1' : '0');
    await this.#send('a twisted key', stranger.withKey(twisted), 'GET', '/api/clients/me');
    await this.#send('a bearer that is no key', stranger, 'GET', '/api/clients/me', undefined, {
      authorization: `Bearer ${password}`,
    });
    await this.#send('two keys', api, 'GET', '/api/clients/me', undefined, {
      authorization: `Bearer ${twisted}`,
    });
    await this.#send('an operator’s key', api, 'GET', '/api/clients/me', undefined, {
      'x-fastwrap-api-key': password,
    });
    await this.#send('an address that is taken', stranger, 'POST', '/auth/signup', { email, password });
    await this.#send('a password that is too long', stranger, 'POST', '/auth/signup', {
      email: `b-${email}`,
      password: password.repeat(20),
    });
    await this.#send('a password as address', stranger, 'POST', '/auth/signup', {
      email: password,
      password,
    });
    await this.#send('a wrong password', stranger, 'POST', '/auth/keys', {
      email,
      password: currentPassword,
    });
    await this.#send('a password of nobody', stranger, 'POST', '/auth/keys', {
      email: `c-${email}`,
      password,
    });
    await this.#send('a password of a wrong type', stranger, 'POST', '/auth/keys', {
      email,
      password: [password],
    });
    await this.#send('a wrong current password', api, 'PATCH', '/api/clients/me', {
      newPassword: password.toUpperCase(),
      currentPassword,
    });
    await this.#send('a new password', api, 'PATCH', '/api/clients/me', {
      newPassword: this.canaries.make('new password'),
      currentPassword: password,
    });
    await this.#send('the last key', api, 'DELETE', `/api/clients/me/keys/${apiKey}`);
    await this.#send('the end', api, 'DELETE', '/api/clients/me');
    await this.#send('a key of nobody', api, 'GET', '/api/clients/me');
  }

  async #send(
    name: string,
    api: ApiClient,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<void> {
    const answer = await api.send(method, path, body, headers);
    const lines = JSON.stringify([...answer.headers]);
    this.responses.push({ name, status: answer.status, headers: lines, text: answer.text });
  }

  /** That the secrets were where they could have leaked from, and that no answer gave one away. */
  expectDiscretion(): void {
    const { canaries, responses, upstream } = this;
    const sent = upstream.requests
      .map(({ headers, rawBody }) => `${headers.authorization} ${rawBody}`)
      .join('\n');
    expect(canaries.in(sent)).to.include.members(['provider key', 'instructions', 'message']);
    const statuses = responses.map(({ status }) => status);
    expect(statuses).to.include.members([
      200, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422, 502, 503, 504,
    ]);
    const cutStreams = responses.filter(({ text }) => text.includes('event: error'));
    expect(cutStreams.length).to.be.at.least(3);
    const told = responses.map(({ name, status, headers, text }) => {
      const cut = text.indexOf('event: error');
      const error = status >= 400 ? text : cut === -1 ? '' : text.slice(cut);
      return { name, leaks: canaries.in(`${headers} ${error}`) };
    });
    expect(told.filter(({ leaks }) => leaks.length > 0)).to.deep.equal([]);
  }
}
