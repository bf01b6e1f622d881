import { execFile } from 'node:child_process';
import { copyFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ApiClient, type ApiResponse } from '#tests/support/fixtures/api-client.js';
import {
  makeTestFolder,
  startTestApp,
  type TestApp,
  type TestFolder,
} from '#tests/support/fixtures/test-app.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const DOCUMENT = join(ROOT, 'openapi.json');
const SERVICE_KEY = 'the-operators-own-key';

/** What integrators commonly have; the generators' code is CommonJS here, since they leave out the endings of files. */
const STRICT = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable'],
    module: 'commonjs',
    moduleResolution: 'bundler',
    types: ['node'],
    outDir: 'out',
    rootDir: '.',
  },
};

/** What a program of `tests/system/http/generated-clients` has seen. */
interface Seen {
  readonly email: string;
  readonly reply: string;
  readonly totalTokens: number;
  readonly events: readonly string[];
  readonly code: string;
}

interface PostmanPair {
  readonly key: string;
  readonly value: string;
}

interface PostmanRequest {
  readonly method: string;
  readonly url: {
    readonly path: readonly string[];
    readonly query: readonly PostmanPair[];
    readonly variable: readonly PostmanPair[];
  };
  readonly header: readonly PostmanPair[];
  readonly auth?: { readonly type: string; readonly apikey?: readonly PostmanPair[] } | null;
  readonly body?: { readonly raw?: string };
}

interface PostmanItem {
  readonly item?: readonly PostmanItem[];
  readonly request?: PostmanRequest;
}

const run = promisify(execFile);

/** Runs a package's program in `folder`, and fails with all that it said. */
async function runNode(folder: string, program: string, ...args: string[]): Promise<string> {
  const outcome = await run(process.execPath, [program, ...args], { cwd: folder, timeout: 100_000 }).catch(
    (error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}\n${error.stdout}`);
    },
  );
  return outcome.stdout;
}

const program = (path: string): string => join(ROOT, 'node_modules', path);

const requestsOf = ({ item, request }: PostmanItem): PostmanRequest[] =>
  request === undefined ? (item ?? []).flatMap(requestsOf) : [request];

describe('Clients generated from openapi.json', function () {
  this.timeout(120_000);
  let app: TestApp;
  let folder: TestFolder;

  beforeEach(async () => {
    app = await startTestApp({ env: { FASTWRAP_API_KEY: SERVICE_KEY } });
    folder = await makeTestFolder();
    await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
    await writeFile(join(folder.path, 'package.json'), '{ "type": "commonjs" }');
  });
  afterEach(async () => {
    await app.stop();
    await folder.remove();
  });

  /** Compiles what was generated together with the program that calls by it, and runs that. */
  async function drive(name: string): Promise<Seen> {
    const source = `${name}.ts`;
    await copyFile(join(ROOT, 'tests/system/http/generated-clients', source), join(folder.path, source));
    const settings = { ...STRICT, files: [source] };
    await writeFile(join(folder.path, 'tsconfig.json'), JSON.stringify(settings));
    await runNode(folder.path, program('typescript/bin/tsc'), '-p', 'tsconfig.json');
    const seen: Seen = JSON.parse(await runNode(folder.path, `out/${name}.js`, app.url));
    return seen;
  }

  function expectToHaveChatted({ reply, totalTokens, events, code }: Seen): void {
    expect(reply).to.include('you said "Hello"');
    expect(totalTokens).to.be.above(0);
    expect(events.filter((name) => name !== 'delta')).to.deep.equal(['turn', 'done']);
    expect(events).to.include('delta');
    expect(code).to.equal('character_not_found');
  }

  it('openapi-typescript types calls that compile, sign up, chat, stream and name their errors', async () => {
    await runNode(folder.path, program('openapi-typescript/bin/cli.js'), DOCUMENT, '-o', 'schema.d.ts');
    const seen = await drive('openapi-fetch');
    expect(seen.email).to.equal('fetch@example.com');
    expectToHaveChatted(seen);
  });

  it('@hey-api/openapi-ts makes a client that compiles, signs up, chats, streams and names its errors', async () => {
    const args = ['-i', DOCUMENT, '-o', 'hey-api-client', '--no-log-file'];
    await runNode(folder.path, program('@hey-api/openapi-ts/bin/run.js'), ...args);
    const seen = await drive('hey-api');
    expect(seen.email).to.equal('hey@example.com');
    expectToHaveChatted(seen);
  });

  /** Sends a request of the collection as it is offered, but for keys and for ids that only the service can give. */
  function send(
    request: PostmanRequest,
    keys: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<ApiResponse> {
    const { path, query, variable } = request.url;
    const values = new Map(variable.map(({ key, value }) => [`:${key}`, encodeURIComponent(value)]));
    const search = new URLSearchParams(
      Object.fromEntries(query.map(({ key, value }) => [key, value])),
    ).toString();
    const keyName = request.auth?.apikey?.find(({ key }) => key === 'key')?.value;
    const headers = Object.fromEntries(request.header.map(({ key, value }) => [key.toLowerCase(), value]));
    if (keyName !== undefined) headers[keyName] = keys[keyName] ?? '';
    const address = `/${path.map((part) => values.get(part) ?? part).join('/')}`;
    return new ApiClient(app.url).send(
      request.method,
      search === '' ? address : `${address}?${search}`,
      body ?? request.body?.raw,
      headers,
    );
  }

  it('openapi-to-postmanv2 makes a collection each of whose requests is taken as it is offered', async () => {
    const options = 'folderStrategy=Tags,parametersResolution=Example';
    const args = ['-s', DOCUMENT, '-o', 'collection.json', '-O', options];
    await runNode(folder.path, program('openapi-to-postmanv2/bin/openapi2postmanv2.js'), ...args);
    const collection: PostmanItem = JSON.parse(await readFile(join(folder.path, 'collection.json'), 'utf8'));
    const requests = requestsOf(collection);
    const { paths }: { paths: Record<string, object> } = JSON.parse(await readFile(DOCUMENT, 'utf8'));
    expect(requests).to.have.length(Object.values(paths).flatMap((methods) => Object.keys(methods)).length);

    /** An account of its own for each request: some of them delete it. */
    async function prepare(name: string): Promise<{ apiKey: string; characterId: string }> {
      const owner = await new ApiClient(app.url).signUp(`${name}@example.com`);
      return { apiKey: owner.apiKey ?? '', characterId: await owner.createCharacter() };
    }
    const outcomes: Record<string, number> = {};
    for (const [index, request] of requests.entries()) {
      const name = `${request.method} /${request.url.path.join('/')}`;
      const { apiKey, characterId } = await prepare(`postman-${index}`);
      const isChat = name === 'POST /api/chat';
      const body = isChat
        ? JSON.stringify({ ...JSON.parse(request.body?.raw ?? ''), characterId })
        : undefined;
      const answer = await send(request, { 'x-api-key': apiKey, 'x-fastwrap-api-key': SERVICE_KEY }, body);
      expect(answer.status, `${name} ${answer.text}`).not.to.be.oneOf([400, 405, 413, 415, 422]);
      expect(answer.text, name).not.to.include('"not_found"');
      outcomes[name] = answer.status;
    }
    expect(outcomes).to.include({
      'POST /auth/signup': 201,
      'POST /api/characters': 201,
      'POST /api/chat': 200,
      'GET /api/clients/me/usage': 200,
    });
  });
});
