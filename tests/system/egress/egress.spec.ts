import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { FakeLangSmith } from '#tests/support/fakes/fake-langsmith.js';
import { type Behaviour, complete, FakeOpenAi, raw, refuse } from '#tests/support/fakes/fake-openai.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { CatchAll } from './catch-all.js';
import { hostileProfile, hostileVariables } from './hostile-variables.js';
import { type Outcome, ServerProcess } from './server-process.js';

const CANARY = 'canary';
const TRACING_KEY = 'lsv2_of_the_operator';

/** A line that is neither of the log nor of the start message. */
const NOT_OURS = /^(?!\{|FastWrap | {2}|$)/m;

/** This Node, and one whose path NODE_TO_TEST_TOO gives: only since 24 does Node itself heed proxies of the environment. */
const NODES = [process.execPath, process.env['NODE_TO_TEST_TOO'] ?? ''].filter(existsSync);

const PROVIDERS = [
  ['openai', 'gpt-4o-mini'],
  ['openai-compatible', 'some-model'],
  ['mistral', 'mistral-small-latest'],
  ['demo', 'demo'],
] as const;

/** What the upstream does with a message. */
function behaviours(elsewhere: string): Record<string, Behaviour> {
  return {
    'wrong key': refuse(401),
    'not now': refuse(503),
    'go there': raw(302, '', { location: `${elsewhere}/v1/chat/completions` }),
    'no json': raw(200, `<img src="${elsewhere}">`, { 'content-type': 'text/html' }),
  };
}

for (const node of NODES) {
  describe(`the process under ${node === process.execPath ? `Node ${process.version}` : node}`, function () {
    this.timeout(60_000);
    let upstream: FakeOpenAi;
    let langsmith: FakeLangSmith;
    let elsewhere: CatchAll;
    let folder: TestFolder;
    let server: ServerProcess | null;

    beforeEach(async () => {
      [upstream, langsmith, elsewhere, folder] = await Promise.all([
        FakeOpenAi.start(),
        FakeLangSmith.start(),
        CatchAll.start(),
        makeTestFolder(),
      ]);
      server = null;
      await mkdir(`${folder.path}/.langsmith`);
      await writeFile(`${folder.path}/.langsmith/config.json`, hostileProfile(elsewhere.url));
      const special = behaviours(elsewhere.url);
      upstream.behaviour = (request, response) => {
        const message = request.body.messages?.at(-1)?.content ?? '';
        return (special[message] ?? complete())(request, response);
      };
    });
    afterEach(async () => {
      server?.kill();
      await Promise.all([upstream.close(), langsmith.close(), elsewhere.close(), folder.remove()]);
    });

    const to = ({ origin }: { origin: string }) =>
      `TCPCONNECTWRAP ${origin.replace(/^.*\/\//, '').replace(':', ' ')}`;
    const upstreamOnly = () => [to(upstream)];

    const start = (provider: string, model: string, env: Record<string, string>) => {
      server = new ServerProcess(
        node,
        {
          PORT: '0',
          DATABASE_URL: 'memory:',
          LOG_LEVEL: 'info',
          MODEL: model,
          MODEL_PROVIDER: provider,
          ...(provider === 'demo' ? {} : { MODEL_KEY: 'sk-operator', MODEL_BASE_URL: upstream.baseUrl }),
          ...env,
        },
        folder.path,
      );
      return server;
    };

    /** A shop's day. */
    const use = async (started: ServerProcess): Promise<{ outcome: Outcome; answers: unknown[] }> => {
      const anybody = new ApiClient(await started.url());
      const client = await anybody.signUp();
      const characterId = await client.createCharacter();
      const answers: unknown[] = [];
      for (const message of [CANARY, 'wrong key', 'go there', 'no json', 'not now']) {
        for (const stream of [false, true]) {
          const { status, body } = await client.post('/api/chat', { characterId, message, stream });
          answers.push([message, stream, status, body?.code]);
        }
      }
      for (const path of ['/', '/health', '/docs', '/docs/', '/openapi.json', '/nowhere']) {
        answers.push([path, (await client.get(path)).status]);
      }
      return { outcome: await started.end('SIGTERM'), answers };
    };
    const received = () =>
      upstream.requests.map(({ method, path, headers, rawBody }) => ({ method, path, headers, rawBody }));

    for (const [provider, model] of PROVIDERS) {
      it(`on ${provider} talks to the provider alone, and behaves as in an empty environment`, async () => {
        const quiet = await use(start(provider, model, {}));
        const quietRequests = received().splice(0);
        upstream.requests.splice(0);

        const env = {
          ...hostileVariables(elsewhere.url, folder.path),
          LANGSMITH_TRACING_V2: 'false',
        };
        const hostile = await use(start(provider, model, env));

        expect({ connections: elsewhere.connections, bytes: elsewhere.bytes }).to.deep.equal({
          connections: 0,
          bytes: 0,
        });
        const waysOut = provider === 'demo' ? [] : upstreamOnly();
        expect(quiet.outcome.waysOut).to.deep.equal(waysOut);
        expect(hostile.outcome.waysOut).to.deep.equal(waysOut);
        expect(hostile.answers).to.deep.equal(quiet.answers);
        expect(received()).to.deep.equal(quietRequests);
        expect(hostile.outcome.code).to.equal(0);
        expect(hostile.outcome.stderr).to.equal('');
        expect(hostile.outcome.stdout).not.to.match(NOT_OURS);
        expect(hostile.outcome.stdout).not.to.match(/canary|hostile|sk-operator/);
        expect(langsmith.connections).to.equal(0);
      });
    }

    it('talks to nobody more when the environment names no key but switches the tracing of LangChain on', async () => {
      const { LANGCHAIN_API_KEY: _key, ...keyless } = hostileVariables(elsewhere.url, folder.path);
      const { outcome } = await use(start('openai-compatible', 'some-model', keyless));
      expect(outcome.waysOut).to.deep.equal(upstreamOnly());
      expect(elsewhere.connections).to.equal(0);
    });

    it('with tracing talks to LangSmith too: all of each turn, as the service is configured and not as the libraries are', async () => {
      const { outcome } = await use(
        start('openai-compatible', 'some-model', {
          ...hostileVariables(elsewhere.url, folder.path),
          LANGSMITH_TRACING_V2: 'true',
          LANGCHAIN_API_KEY: TRACING_KEY,
          TRACING_ENDPOINT: langsmith.endpoint,
          TRACING_PROJECT: 'the-shop',
        }),
      );
      expect(elsewhere.connections).to.equal(0);
      expect(outcome.waysOut).to.have.members([...upstreamOnly(), to({ origin: langsmith.endpoint })]);
      expect(langsmith.runs).to.have.length(10);
      for (const run of langsmith.runs) {
        expect(run).to.include({ session_name: 'the-shop', run_type: 'llm' });
        expect(run).to.have.nested.property('inputs.messages.length').that.is.at.least(2);
        expect(run).to.have.nested.property('extra.metadata.ls_model_name', 'some-model');
      }
      expect(langsmith.runs[0]).to.have.nested.property('outputs.choices[0].message.content', 'Good day.');
      for (const { headers, rawBody, path } of langsmith.requests) {
        expect(path).to.equal('/runs/batch');
        expect(headers['x-api-key']).to.equal(TRACING_KEY);
        expect(headers).not.to.have.any.keys('x-tenant-id', 'x-hostile', 'authorization');
        expect(rawBody).not.to.match(/hostile|sk-operator/);
      }
      // Of an address in the environment LangSmith's client prints its opinion, and no more.
      expect(outcome.stderr).not.to.match(/canary|lsv2|sk-operator/);
      expect(outcome.stdout).not.to.match(NOT_OURS);
      expect(outcome.stdout).not.to.match(/canary|hostile|lsv2|sk-operator/);
      expect(existsSync(`${folder.path}/failed-traces`)).to.equal(false);
    });

    it('would be caught on any other way', async () => {
      const program = `
        import { lookup, Resolver } from 'node:dns';
        import { createSocket } from 'node:dgram';
        import { execFile } from 'node:child_process';
        import { Worker } from 'node:worker_threads';
        lookup('localhost', () => {});
        new Resolver({ timeout: 1, tries: 1 }).resolve4('a.invalid', () => {});
        const socket = createSocket('udp4');
        socket.send('x', ${elsewhere.port}, '127.0.0.1', () => socket.close());
        execFile(process.execPath, ['-e', '']);
        new Worker('', { eval: true });
        await fetch('${elsewhere.url}').catch(() => {});`;
      server = new ServerProcess(node, {}, folder.path, ['--input-type=module', '-e', program]);
      const { waysOut } = await server.end(null);
      expect(waysOut).to.include.members([
        'GETADDRINFOREQWRAP localhost',
        'PROCESSWRAP',
        'QUERYWRAP a.invalid',
        `TCPCONNECTWRAP 127.0.0.1 ${elsewhere.port}`,
        'UDPWRAP',
        'WORKER',
      ]);
      expect(elsewhere.connections).to.be.above(0);
      expect(elsewhere.bytes).to.be.above(0);
    });
  });
}
