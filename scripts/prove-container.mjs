/**
 * Follows the Dockerfile without a Docker engine: the same files, the same commands, each stage in an empty folder; then
 * the last stage's command as an ordinary user on a read-only tree, through the smoke test, a backup and its restore. Needs no
 * package of ours.
 * Steps that only an image can take (apt-get, users) are named and left out.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesOf, readInstructions, sourcesOf } from './check-container.mjs';

const STOP_WITHIN_MS = 10_000;
const NOBODY = 65534;
const IMAGE_ONLY = /^(apt-get|install -d -o) /;
const REPLY = { choices: [{ message: { role: 'assistant', content: 'Blue.' }, finish_reason: 'stop' }] };

process.chdir(join(import.meta.dirname, '..'));
const say = (text) => process.stdout.write(`${text}\n`);

function expect(holds, what) {
  if (!holds) throw new Error(what);
}

/** @returns what it prints. */
function run(command, options) {
  const { status, stdout } = spawnSync('sh', ['-c', command], {
    ...options,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(status === 0, `${command}: exit ${status}`);
  return stdout.trim();
}

/** @returns the last stage: its folder in the image, environment, command and health check. */
function buildStages(folder) {
  const context = join(folder, 'context');
  for (const path of sourcesOf('.').flatMap((source) => filesOf('.', source)))
    cpSync(path, join(context, path));
  const roots = { undefined: context };
  let stage;
  for (const { keyword, rest, from, sources, target } of readInstructions('.')) {
    say(`${keyword} ${rest}`);
    const cwd = stage && join(stage.root, stage.workdir);
    if (keyword === 'FROM') {
      const name = / AS (\w+)$/.exec(rest)?.[1] ?? 'final';
      stage = { root: join(folder, name), workdir: '/', env: {} };
      roots[name] = stage.root;
    } else if (keyword === 'WORKDIR') {
      stage.workdir = rest;
      mkdirSync(join(stage.root, rest), { recursive: true });
    } else if (keyword === 'ENV') {
      Object.assign(stage.env, Object.fromEntries(rest.split(' ').map((pair) => pair.split(/=(.*)/s))));
    } else if (keyword === 'COPY') {
      for (const source of sources) {
        const isFile = target.endsWith('/');
        const to = isFile ? join(target, source.split('/').at(-1)) : target;
        cpSync(join(roots[from], source), join(cwd, to), { recursive: !isFile, verbatimSymlinks: true });
      }
    } else if (keyword === 'RUN') {
      if (IMAGE_ONLY.test(rest)) say('left out');
      else say(run(rest, { cwd, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...stage.env } }));
    } else if (keyword === 'CMD') {
      stage.command = JSON.parse(rest);
    } else if (keyword === 'HEALTHCHECK') {
      stage.healthCheck = JSON.parse(/ CMD (.*)/.exec(rest)[1]);
    } else {
      expect(/^(USER|VOLUME|EXPOSE|STOPSIGNAL)$/.test(keyword), `cannot follow ${keyword}`);
    }
  }
  return { ...stage, app: join(stage.root, stage.workdir) };
}

function checkContents(app) {
  const found = run('echo * dist/*', { cwd: app });
  expect(found === 'dist node_modules openapi.json package.json dist/src', `the last stage holds ${found}`);
  const { devDependencies } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'));
  // Packages that we use bring types of their own.
  const ours = Object.keys(devDependencies).filter((name) => !name.startsWith('@types/'));
  const extra = ours.filter((name) => existsSync(join(app, 'node_modules', name)));
  expect(extra.length === 0, `development packages in the last stage: ${extra.join(', ')}`);
}

/** What may write nothing but the data folder, even where this script runs as root: a user who cannot read root's own Node. */
function becomeNobody(folder, app, data) {
  run(`chmod 755 '${folder}' && chmod -R a+rX,a-w '${app}'`);
  mkdirSync(data, { mode: 0o700 });
  const node = join(folder, 'node');
  copyFileSync(process.execPath, node);
  if (process.getuid() !== 0) return { node };
  chownSync(data, NOBODY, NOBODY);
  return { node, uid: NOBODY, gid: NOBODY };
}

async function listen(server) {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

async function freePort() {
  const server = createServer();
  const port = await listen(server);
  server.close();
  return String(port);
}

async function serve(folder, { app, env: imageEnv, command, healthCheck }, modelPort) {
  checkContents(app);
  const data = join(folder, 'data');
  const { node, ...identity } = becomeNobody(folder, app, data);
  const env = {
    PATH: '/usr/bin:/bin',
    ...imageEnv,
    PORT: await freePort(),
    DATABASE_URL: imageEnv.DATABASE_URL.replace('/data', data),
    FASTWRAP_API_KEY: 'never-used-outside-of-this-proof-of-the-container',
    SIGNUP: 'operator',
    MODEL: 'a-model',
    MODEL_PROVIDER: 'openai-compatible',
    MODEL_BASE_URL: `http://127.0.0.1:${modelPort}/v1`,
    MODEL_KEY: 'never-used',
  };
  const options = { cwd: app, env, ...identity };
  expect(command[0] === 'node' && healthCheck[0] === 'node', 'CMD and HEALTHCHECK do not run node itself');
  const isHealthy = () => spawnSync(node, healthCheck.slice(1), options).status === 0;
  /** As docs/operations/backup.md has it. */
  const operate = (name) => {
    const args = [`dist/src/infrastructure/${name}.js`, join(data, 'backup-1')];
    return spawnSync(node, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
  };
  const server = spawn(node, command.slice(1), { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
  try {
    const args = ['scripts/smoke.mjs', `http://127.0.0.1:${env.PORT}`];
    const { FASTWRAP_API_KEY } = env;
    const smoke = spawn(process.execPath, args, { env: { FASTWRAP_API_KEY }, stdio: 'inherit' });
    expect((await once(smoke, 'exit'))[0] === 0, 'the smoke test failed on a read-only tree');
    expect(operate('backup'), 'backup failed while the server ran');
    expect(!operate('restore'), 'restore did not refuse while the server ran');
    expect(isHealthy(), 'HEALTHCHECK says unhealthy while the server runs');
    server.kill('SIGTERM');
    const [code] = await once(server, 'exit', { signal: AbortSignal.timeout(STOP_WITHIN_MS) });
    expect(code === 0, `after SIGTERM: exit ${code}`);
    expect(!isHealthy(), 'HEALTHCHECK says healthy after the end');
    expect(operate('restore'), 'restore failed after the end');
  } finally {
    server.kill('SIGKILL');
  }
}

const folder = mkdtempSync(join(tmpdir(), 'fastwrap-container-'));
/** Stands for the provider, and says one word to everything. */
const model = createServer((request, response) => {
  request.resume();
  response.setHeader('content-type', 'application/json').end(JSON.stringify(REPLY));
});
try {
  const stage = buildStages(folder);
  await serve(folder, stage, await listen(model));
  say(`container proved: ${run(`du -sm '${stage.app}'`).split('\t')[0]} MB above the base image`);
} catch (error) {
  say(`container NOT proved: ${error.message}`);
  process.exitCode = 1;
} finally {
  model.close();
  model.closeAllConnections();
  run(`chmod -R u+w '${folder}'`);
  rmSync(folder, { recursive: true, force: true });
}
