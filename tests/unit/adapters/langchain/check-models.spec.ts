import { expect } from 'chai';
import { checkModels } from '#src/adapters/langchain/check-models.js';
import { ModelSettings } from '#src/adapters/langchain/model-settings.js';
import { ProviderTransport } from '#src/adapters/langchain/transport/provider-transport.js';
import type { Provider } from '#src/domain/models/model-provider.js';
import { FakeOpenAi, hang, json, raw, refuse } from '#tests/support/fakes/fake-openai.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

const WORDS = 'sk-canary is not welcome here';

describe('checkModels', () => {
  let upstream: FakeOpenAi;
  let transport: ProviderTransport;
  let lines: LogLine[];

  before(async () => {
    upstream = await FakeOpenAi.start();
    transport = new ProviderTransport();
  });
  beforeEach(() => {
    lines = [];
    upstream.requests.length = 0;
  });
  after(async () => {
    await transport.close();
    await upstream.close();
  });

  const check = async (models: readonly string[], provider: Provider = 'openai', signal?: AbortSignal) => {
    const logger = recordingLogger(lines);
    const clock = new ManualClock();
    const settings = new ModelSettings({ provider, variables: 'MODEL', model: 'm', clock, logger });
    const connection = { provider, apiKey: 'sk-canary', baseUrl: upstream.baseUrl, transport };
    const outcome = checkModels(connection, models, settings, signal ?? new AbortController().signal);
    await outcome.catch(() => undefined);
    return models.map((model) => settings.isRefused(model));
  };
  const list = (...entries: object[]) => json(200, { object: 'list', data: entries });

  for (const provider of ['openai', 'openai-compatible', 'mistral'] as const) {
    it(`asks ${provider} for its list, with the key, and finds the models in it`, async () => {
      upstream.behaviour = list({ id: 'm' }, { id: 'other', aliases: ['n'] }, { id: 'o:latest' });
      expect(await check(['m', 'n', 'o'], provider)).to.deep.equal([false, false, false]);
      expect(upstream.requests.map(({ method, path, rawBody }) => [method, path, rawBody])).to.deep.equal([
        ['GET', '/v1/models', ''],
      ]);
      expect(upstream.requests[0]?.headers.authorization).to.equal('Bearer sk-canary');
      expect(lines).to.deep.equal([]);
    });
  }

  it('warns of a name that the list does not have, and does not refuse it', async () => {
    upstream.behaviour = list({ id: 'm' });
    expect(await check(['m', 'n'])).to.deep.equal([false, false]);
    expect(lines.map(({ level, fields }) => [level, fields['setting']])).to.deep.equal([
      ['warn', 'MODEL_ALLOWED'],
    ]);
  });

  it("names a key that is refused, and none of the provider's words", async () => {
    upstream.behaviour = json(401, { error: { message: WORDS } });
    expect(await check(['m'])).to.deep.equal([true]);
    expect(lines.map(({ fields }) => fields)).to.deep.equal([
      { model: 'm', provider: 'openai', status: 401, setting: 'MODEL_KEY' },
    ]);
  });

  for (const [what, behaviour] of [
    ['a key that may not list models', refuse(403)],
    ['no such address', refuse(404)],
    ['too many requests', refuse(429)],
    ['a failure', refuse(500)],
    ['another JSON', json(200, { choices: [] })],
    ['an empty list', list()],
    ['no JSON', raw(200, '<html>')],
    ['a redirect', raw(302, '', { location: 'http://127.0.0.1:1/' })],
  ] as const) {
    it(`takes ${what} for no answer`, async () => {
      upstream.behaviour = behaviour;
      expect(await check(['m'])).to.deep.equal([false]);
      expect(lines).to.deep.equal([]);
    });
  }

  it('ends with its signal', async () => {
    upstream.behaviour = hang();
    const deadline = new AbortController();
    const request = upstream.nextRequest();
    const checked = check(['m'], 'openai', deadline.signal);
    await request;
    deadline.abort();
    expect(await checked).to.deep.equal([false]);
    await upstream.idle();
  });

  it('asks nobody for the demo model', async () => {
    expect(await check(['demo'], 'demo')).to.deep.equal([false]);
    expect(upstream.requests).to.deep.equal([]);
  });
});
