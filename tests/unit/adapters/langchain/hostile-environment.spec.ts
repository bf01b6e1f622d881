import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { FakeOpenAi } from '#tests/support/fakes/fake-openai.js';

const CHILD = fileURLToPath(new URL('./hostile-environment-child.js', import.meta.url));

/** Everything in LangChain and its clients that reads from the environment, set to go elsewhere or to talk. */
function hostileEnvironment(elsewhere: string): Record<string, string> {
  return {
    OPENAI_API_KEY: 'hostile',
    OPENAI_ADMIN_KEY: 'hostile',
    OPENAI_API_BASE: `${elsewhere}/v1`,
    OPENAI_BASE_URL: `${elsewhere}/v1`,
    OPENAI_ORGANIZATION: 'hostile',
    OPENAI_ORG_ID: 'hostile',
    OPENAI_PROJECT_ID: 'hostile',
    OPENAI_CUSTOM_HEADERS: 'x-hostile: yes\nauthorization: Bearer hostile\ncontent-type: text/hostile',
    OPENAI_LOG: 'debug',
    MISTRAL_API_KEY: 'hostile',
    MISTRAL_DEBUG: 'true',
    LANGSMITH_API_KEY: 'hostile',
    LANGSMITH_ENDPOINT: elsewhere,
    LANGSMITH_GATEWAY: elsewhere,
    LANGSMITH_GATEWAY_API_KEY: 'hostile',
    LANGSMITH_TRACING: 'true',
    LANGSMITH_TRACING_V2: 'true',
    LANGCHAIN_API_KEY: 'hostile',
    LANGCHAIN_CALLBACKS_BACKGROUND: 'false',
    LANGCHAIN_ENDPOINT: elsewhere,
    LANGCHAIN_TRACING: 'true',
    LANGCHAIN_TRACING_V2: 'true',
    LANGCHAIN_VERBOSE: 'true',
    LC_OUTPUT_VERSION: 'v1',
    HTTP_PROXY: elsewhere,
    HTTPS_PROXY: elsewhere,
    ALL_PROXY: elsewhere,
    http_proxy: elsewhere,
    https_proxy: elsewhere,
  };
}

describe('LangChainLlmGateway in a hostile environment', () => {
  let upstream: FakeOpenAi;
  let elsewhere: FakeOpenAi;

  beforeEach(async () => {
    [upstream, elsewhere] = await Promise.all([FakeOpenAi.start(), FakeOpenAi.start()]);
  });
  afterEach(async () => {
    await Promise.all([upstream.close(), elsewhere.close()]);
  });

  const run = async (provider: string, model: string, environment: Record<string, string>) => {
    const before = upstream.requests.length;
    const args = ['--enable-source-maps', CHILD, provider, model, upstream.baseUrl];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env: environment });
    const requests = upstream.requests.slice(before).map(({ method, path, headers, rawBody }) => {
      return { method, path, headers, rawBody };
    });
    return { stdout, stderr, requests };
  };

  for (const [provider, model] of [
    ['openai', 'gpt-4o-mini'],
    ['openai-compatible', 'some-model'],
    ['mistral', 'mistral-small-latest'],
    ['demo', 'demo'],
  ] as const) {
    it(`does on ${provider} what it does in an empty one, says nothing and calls nobody else`, async () => {
      const quiet = await run(provider, model, {});
      const hostile = await run(provider, model, hostileEnvironment(elsewhere.origin));
      for (const completion of JSON.parse(quiet.stdout)) {
        expect(completion).to.have.nested.property('reply.finishReason', 'stop');
      }
      expect(quiet.stderr).to.equal('');
      expect(hostile).to.deep.equal(quiet);
      expect(quiet.requests).to.have.length(provider === 'demo' ? 0 : 2);
      expect(elsewhere.connections).to.equal(0);
    });
  }
});
