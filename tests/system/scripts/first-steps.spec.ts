import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import { makeTestFolder, startTestApp, type TestFolder } from '#tests/support/fixtures/test-app.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const run = promisify(execFile);

interface ComposeFile {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image?: string;
        readonly build?: string;
        readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
        readonly environment?: Readonly<Record<string, string>>;
        readonly extra_hosts?: readonly string[];
        readonly volumes?: readonly string[];
        readonly healthcheck?: { readonly test: readonly string[] };
        readonly stop_grace_period?: string;
      }
    >
  >;
  readonly volumes: Readonly<Record<string, null>>;
}

const composeText = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const compose: ComposeFile = parse(composeText);

/** The recipe that writes `.env`, as the documents have it, without what needs Docker. */
async function envRecipe(): Promise<string> {
  const docs = (await readdir(join(ROOT, 'docs'), { recursive: true })).filter((name) =>
    name.endsWith('.md'),
  );
  const texts = ['README.md', ...docs.map((name) => join('docs', name))].map((path) =>
    readFileSync(join(ROOT, path), 'utf8'),
  );
  const blocks = texts.flatMap((text) =>
    [...text.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, code = '']) => code),
  );
  const recipes = blocks.filter((code) => code.includes('.env <<'));
  expect(recipes).to.have.length(1);
  return (recipes[0] ?? '').replace(/^(docker|curl) .*$/gm, '');
}

describe('the first steps of an operator', () => {
  let folder: TestFolder;
  beforeEach(async () => {
    folder = await makeTestFolder();
  });
  afterEach(() => folder.remove());

  const env = () => join(folder.path, '.env');
  const writeEnv = async () => run('bash', ['-ec', await envRecipe()], { cwd: folder.path });
  const modeOf = async () => (await stat(env())).mode & 0o777;

  it('make a .env for its owner alone, with all that the compose file demands', async () => {
    await writeEnv();
    expect(await modeOf()).to.equal(0o600);
    const set = (await readFile(env(), 'utf8')).match(/^\w+(?==.)/gm);
    const demanded = new Set([...composeText.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name));
    expect(set).to.have.members([...demanded]);
  });

  it('append to a .env that is there, and close it to others', async () => {
    await writeFile(env(), 'LOG_LEVEL=debug\n');
    await chmod(env(), 0o644);
    await writeEnv();
    const text = await readFile(env(), 'utf8');
    expect(text.startsWith('LOG_LEVEL=debug\nFASTWRAP_API_KEY=')).to.equal(true);
    expect(await modeOf()).to.equal(0o600);
  });

  it('have a compose file whose services, volumes and hosts fit together', () => {
    const { services, volumes } = compose;
    expect(services).to.have.all.keys('api', 'redis');
    for (const [name, service] of Object.entries(services)) {
      expect(service.image, name).to.be.a('string');
      expect(service.stop_grace_period, name).to.match(/^\d+s$/);
      for (const mount of service.volumes ?? [])
        expect(volumes, name).to.have.property(mount.split(':')[0] ?? '');
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(services).to.have.property(needed);
        if (condition === 'service_healthy')
          expect(services[needed]?.healthcheck?.test).to.not.equal(undefined);
      }
    }
    expect(services['api']?.extra_hosts).to.include('host.docker.internal:host-gateway');
    expect(services['api']?.environment).to.include({
      NODE_ENV: 'production',
      DATABASE_URL: 'sqlite:/data/fastwrap.db',
      REDIS_HOST: 'redis',
    });
    expect(services['api']?.volumes).to.include('api-data:/data');
  });

  it('try out a server whose sign-up is closed, with the service key and not without', async function () {
    this.timeout(30_000);
    const FASTWRAP_API_KEY = 'the-operators-own-key';
    const app = await startTestApp({ env: { SIGNUP: 'operator', FASTWRAP_API_KEY } });
    const smoke = (keys: Record<string, string>) =>
      run(process.execPath, [join(ROOT, 'scripts/smoke.mjs'), app.url], {
        env: { PATH: process.env['PATH'], ...keys },
      }).then(
        ({ stdout }) => stdout.trimEnd().split('\n').at(-1),
        ({ stdout }: { stdout: string }) => stdout.trimEnd().split('\n').at(-1),
      );
    expect(await smoke({ FASTWRAP_API_KEY })).to.equal('smoke test passed');
    expect(await smoke({})).to.equal('smoke test FAILED: sign up: expected 201, got 401');
    await app.stop();
  });
});
