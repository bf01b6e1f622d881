import { expect } from 'chai';
import { LangSmithTurnObserver } from '#src/adapters/langsmith/langsmith-turn-observer.js';
import type { TurnObserver } from '#src/application/ports/chat/turn-observer.js';
import { CLOCK, TURN_OBSERVERS } from '#src/infrastructure/tokens.js';
import { FakeLangSmith, type ReceivedRun } from '#tests/support/fakes/fake-langsmith.js';
import { complete, FakeOpenAi, hang, raw, refuse, streamEvents } from '#tests/support/fakes/fake-openai.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { startTestApp, type TestApp } from '#tests/support/fixtures/test-app.js';

const KEY = 'lsv2_pt_0123456789';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe('turns traced in LangSmith', () => {
  let upstream: FakeOpenAi;
  let langsmith: FakeLangSmith;
  let app: TestApp | null;
  let observers: readonly TurnObserver[];

  beforeEach(async () => {
    [upstream, langsmith] = await Promise.all([FakeOpenAi.start(), FakeLangSmith.start()]);
    app = null;
    observers = [];
  });
  afterEach(async () => {
    await app?.stop();
    await Promise.all([upstream.close(), langsmith.close()]);
  });

  const start = async (env: Record<string, string> = {}, clock?: ManualClock) => {
    app = await startTestApp({
      env: {
        MODEL: 'gpt-some',
        MODEL_PROVIDER: 'openai-compatible',
        MODEL_BASE_URL: upstream.baseUrl,
        MODEL_KEY: 'sk-upstream',
        LANGCHAIN_API_KEY: KEY,
        TRACING_ENDPOINT: langsmith.endpoint,
        TRACING_PROJECT: 'the-shop',
        ...env,
      },
      override: (container) => {
        if (clock !== undefined) container.rebind(CLOCK).toConstantValue(clock);
        observers = container.get(TURN_OBSERVERS);
      },
    });
    const client = await new ApiClient(app.url).signUp();
    const characterId = await client.createCharacter({ temperature: 0.5, maxOutputTokens: 99 });
    return { client, characterId, url: app.url };
  };
  const only = (runs: readonly ReceivedRun[]): ReceivedRun => {
    expect(runs).to.have.length(1);
    return runs[0] ?? { id: '' };
  };
  const metadata = {
    ls_model_type: 'chat',
    ls_model_name: 'gpt-some',
    ls_provider: 'openai',
    ls_temperature: 0.5,
    ls_max_tokens: 99,
    requested_model: 'gpt-some',
  };
  const instructions = { role: 'system', content: 'You sell books.' };

  it('shows a plain turn with everything that was asked, answered and paid', async () => {
    const { client, characterId } = await start();
    const before = Date.now();
    await client.post('/api/chat', { characterId, conversationId: 'c', message: 'Hello\u0007 ✌🏽' });
    const run = only(await langsmith.traced(1));
    const { id, trace_id, dotted_order, start_time, end_time, ...rest } = run;
    expect(id).to.match(UUID);
    expect(trace_id).to.equal(id);
    expect(dotted_order).to.equal(`${String(start_time).replace(/[-:.]|Z$/g, '')}001Z${id}`);
    expect(Date.parse(String(start_time))).to.be.within(before, Date.now());
    expect(Date.parse(String(end_time))).to.be.within(Date.parse(String(start_time)), Date.now() + 1);
    const usage = { input_tokens: 12, output_tokens: 3, total_tokens: 15 };
    expect(rest).to.deep.equal({
      session_name: 'the-shop',
      name: 'fastwrap turn',
      run_type: 'llm',
      inputs: { messages: [instructions, { role: 'user', content: 'Hello\u0007 ✌🏽' }] },
      outputs: {
        choices: [{ index: 0, message: { role: 'assistant', content: 'Good day.' }, finish_reason: 'stop' }],
        usage_metadata: usage,
      },
      tags: ['plain'],
      extra: { metadata: { ...metadata, usage_metadata: usage, usage_estimated: false } },
    });
  });

  it('sends the key as LangSmith wants it, to the ingest alone, and no other key anywhere', async () => {
    const { client, characterId } = await start();
    await client.post('/api/chat', { characterId, message: 'Hello' });
    await langsmith.traced(1);
    const [request] = langsmith.requests;
    expect(langsmith.requests.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
      'POST /runs/batch',
    ]);
    expect(request?.headers['x-api-key']).to.equal(KEY);
    expect(request?.headers).to.have.all.keys(
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
      'x-api-key',
    );
    for (const secret of [KEY, 'sk-upstream', client.apiKey]) expect(request?.rawBody).not.to.include(secret);
  });

  it('shows the history of the second turn', async () => {
    const { client, characterId } = await start();
    await client.post('/api/chat', { characterId, conversationId: 'c', message: 'One' });
    await client.post('/api/chat', { characterId, conversationId: 'c', message: 'Two' });
    const runs = await langsmith.traced(2);
    expect(runs[1]?.['inputs']).to.deep.equal({
      messages: [
        instructions,
        { role: 'user', content: 'One' },
        { role: 'assistant', content: 'Good day.' },
        { role: 'user', content: 'Two' },
      ],
    });
  });

  it('shows the greeting as the model was shown it', async () => {
    const { client } = await start();
    const characterId = await client.createCharacter({ greeting: 'Good morning' });
    await client.post('/api/chat', { characterId, message: 'One' });
    expect(only(await langsmith.traced(1))['inputs']).to.deep.equal({
      messages: [
        instructions,
        { role: 'assistant', content: 'Good morning' },
        { role: 'user', content: 'One' },
      ],
    });
  });

  it('shows a streamed turn, and when its first word came', async () => {
    const clock = new ManualClock();
    const startedAt = clock.now();
    upstream.behaviour = (request, response) => {
      const events = streamEvents(request.body, { finishReason: 'length', usage: null });
      clock.advance(100);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(events.slice(0, 2).join(''));
      finish = () => response.end(events.slice(2).join(''));
    };
    let finish: (() => void) | undefined;
    const { url, client, characterId } = await start({}, clock);
    const response = await fetch(`${url}/api/chat`, {
      method: 'POST',
      headers: { 'x-api-key': client.apiKey ?? '', 'content-type': 'application/json' },
      body: JSON.stringify({ characterId, message: 'Hello', stream: true }),
    });
    clock.advance(20);
    finish?.();
    expect(await response.text()).to.include('event: done');
    const run = only(await langsmith.traced(1));
    const at = (ms: number) => new Date(startedAt + ms).toISOString();
    expect(run['start_time']).to.equal(at(0));
    expect(run['events']).to.deep.equal([{ name: 'new_token', time: at(100) }]);
    expect(run['end_time']).to.equal(at(120));
    expect(run['tags']).to.deep.equal(['stream']);
    expect(run).to.have.nested.property('outputs.choices[0].message.content', 'Good day.');
    expect(run).to.have.nested.property('outputs.choices[0].finish_reason', 'length');
    expect(run).to.have.nested.property('extra.metadata.usage_estimated', true);
  });

  it('names the model that answered when it was the fallback', async () => {
    const fallback = await FakeOpenAi.start();
    try {
      upstream.behaviour = refuse(401, { message: 'Incorrect API key: sk-upstream' });
      const { client, characterId } = await start({
        MODEL_FALLBACK: 'mistral-other',
        MODEL_FALLBACK_KEY: 'k',
        MODEL_FALLBACK_PROVIDER: 'openai-compatible',
        MODEL_FALLBACK_BASE_URL: fallback.baseUrl,
      });
      await client.post('/api/chat', { characterId, message: 'Hello' });
      const run = only(await langsmith.traced(1));
      expect(run).to.have.nested.property('extra.metadata.ls_model_name', 'mistral-other');
      expect(run).to.have.nested.property('extra.metadata.ls_provider', 'mistral');
      expect(run).to.have.nested.property('extra.metadata.requested_model', 'gpt-some');
    } finally {
      await fallback.close();
    }
  });

  for (const [title, stream] of [
    ['plain', false],
    ['streamed', true],
  ] as const) {
    it(`shows a failed ${title} turn as an error with our code and no word of the provider`, async () => {
      upstream.behaviour = refuse(401, { message: 'Incorrect API key: sk-upstream' });
      const { client, characterId } = await start();
      const answer = await client.post('/api/chat', { characterId, message: 'Hello', stream });
      expect(answer.body.code).to.equal('model_failed');
      const run = only(await langsmith.traced(1));
      expect(run['error']).to.equal('model_failed');
      expect(run).not.to.have.any.keys('outputs', 'events');
      expect(run).to.have.nested.property('inputs.messages.length', 2);
      expect(run).to.have.property('end_time');
      expect(langsmith.requests[0]?.rawBody).not.to.include('Incorrect');
    });

    it(`shows a ${title} turn whose caller left as cancelled`, async () => {
      upstream.behaviour = hang();
      const { client, characterId } = await start();
      const leave = new AbortController();
      const asked = upstream.nextRequest();
      const body = { characterId, message: 'Hello', stream };
      const turn = client.send('POST', '/api/chat', body, {}, leave.signal).catch(() => undefined);
      await asked;
      leave.abort();
      await turn;
      expect(only(await langsmith.traced(1))['error']).to.equal('cancelled');
    });
  }

  it('shows a stream that broke off as an error', async () => {
    upstream.behaviour = (request, response) => {
      const events = streamEvents(request.body);
      void raw(200, events.slice(0, 2).join(''), { 'content-type': 'text/event-stream' })(request, response);
    };
    const { client, characterId } = await start();
    await client.post('/api/chat', { characterId, message: 'Hello', stream: true });
    const run = only(await langsmith.traced(1));
    expect(run['error']).to.equal('model_failed');
    expect(run).to.have.nested.property('events[0].name', 'new_token');
  });

  it('does not follow LangSmith to another address', async () => {
    const other = await FakeLangSmith.start();
    try {
      langsmith.behaviour = (response) =>
        response.writeHead(307, { location: `${other.endpoint}/runs/batch` }).end();
      const { client, characterId } = await start();
      await client.post('/api/chat', { characterId, message: 'Hello' });
      await langsmith.traced(1);
      await app?.stop();
      expect(other.connections).to.equal(0);
      expect(app?.logLines.find(({ level }) => level === 'warn')).to.deep.equal({
        level: 'warn',
        fields: { dropped: 1, reason: 'not_taken', status: 307, code: null },
        message: 'traces for LangSmith were dropped',
      });
    } finally {
      await other.close();
    }
  });

  it('sends the last traces when the service stops', async () => {
    const { client, characterId } = await start();
    await client.post('/api/chat', { characterId, message: 'Hello' });
    await app?.stop();
    expect(langsmith.runs).to.have.length(1);
  });

  it('shows texts byte for byte', async () => {
    const { client, characterId } = await start();
    const message = '"}]}\r\n\t\u2028</script> \\u0041 👩🏽‍🚒';
    upstream.behaviour = complete({ content: message });
    await client.post('/api/chat', { characterId, message });
    const run = only(await langsmith.traced(1));
    expect(run).to.have.nested.property('inputs.messages[1].content', message);
    expect(run).to.have.nested.property('outputs.choices[0].message.content', message);
  });

  it('observes turns when it is asked for', async () => {
    await start();
    expect(observers.filter((observer) => observer instanceof LangSmithTurnObserver)).to.have.length(1);
  });

  for (const [title, env] of [
    ['without a key', { LANGCHAIN_API_KEY: '' }],
    ['when it is switched off', { LANGSMITH_TRACING_V2: 'false' }],
  ] as const) {
    it(`is not there and asks nobody ${title}`, async () => {
      const { client, characterId } = await start(env);
      for (const stream of [false, true]) {
        const { status } = await client.post('/api/chat', { characterId, message: 'Hello', stream });
        expect(status).to.equal(200);
      }
      expect(observers).to.have.length(1);
      expect(observers[0]).not.to.be.instanceOf(LangSmithTurnObserver);
      await app?.stop();
      expect(langsmith.connections).to.equal(0);
    });
  }
});
