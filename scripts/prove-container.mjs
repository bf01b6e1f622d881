/**
 * Follows the Dockerfile without a Docker engine: the same files, the same commands, each stage in an empty folder; then
 * the last stage's command as an ordinary user on a read-only tree, through the smoke test. Needs no package of ours.
 * Steps that only an image can take (apt-get, users) are named and left out.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readContext, readInstructions } from './container-recipe.mjs';

const START_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 10_000;
const NOBODY = 65534;
const IMAGE_ONLY = /^(apt-get|install -d -o) /;
const REPLY = { choices: [{ message: { role: 'assistant', content: 'Blue.' }, finish_reason: 'stop' }] };

process.chdir(join(import.meta.dirname, '..'));
const say = (text) => process.stdout.write(`${text}\n`);

function expect(holds, what) {
  if (!holds) throw new Error(what);
}

function run(command, options) {
  const { status } = spawnSync('sh', ['-c', command], { ...options, stdio: 'inherit' });
  expect(status === 0, `${command}: exit ${status}`);
}

/** A folder's content goes into the target, a file goes there under its name. */
function copy(from, sources, target, isFolder) {
  for (const source of sources.map((path) => join(from, path))) {
    const isInto = statSync(source).isFile() && isFolder;
    cpSync(source, isInto ? join(target, basename(source)) : target, {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
}

/** @returns the last stage: its folder, environment, command and health check. */
function buildStages(folder) {
  const context = join(folder, 'context');
  for (const path of readContext('.')) cpSync(path, join(context, path));
  const stages = new Map();
  let stage;
  const inStage = (path) => join(stage.root, path.startsWith('/') ? '' : stage.workdir, path);
  const follow = {
    FROM({ rest }) {
      const name = / AS (\w+)$/.exec(rest)?.[1] ?? 'final';
      stage = { root: join(folder, name), workdir: '/', env: {} };
      mkdirSync(stage.root);
      stages.set(name, stage);
    },
    WORKDIR({ rest }) {
      stage.workdir = rest;
      mkdirSync(join(stage.root, rest), { recursive: true });
    },
    ENV({ rest }) {
      Object.assign(stage.env, Object.fromEntries(rest.split(' ').map((pair) => pair.split(/=(.*)/s))));
    },
    COPY({ from, sources, target }) {
      const isFolder = target.endsWith('/') || sources.length > 1;
      copy(from === undefined ? context : stages.get(from).root, sources, inStage(target), isFolder);
    },
    RUN({ rest }) {
      if (IMAGE_ONLY.test(rest)) return say('left out');
      const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...stage.env };
      run(rest, { cwd: inStage('.'), env });
    },
    CMD({ rest }) {
      stage.command = JSON.parse(rest);
    },
    HEALTHCHECK({ rest }) {
      stage.healthCheck = JSON.parse(rest.slice(rest.indexOf('CMD ') + 'CMD '.length));
    },
  };
  for (const instruction of readInstructions('.')) {
    const { keyword, rest } = instruction;
    say(`${keyword} ${rest}`);
    const isKnown = keyword in follow || /^(USER|VOLUME|EXPOSE|STOPSIGNAL)$/.test(keyword);
    expect(isKnown, `cannot follow ${keyword}`);
    follow[keyword]?.(instruction);
  }
  return stage;
}

function checkContents(app) {
  const found = readdirSync(app).sort().join(' ');
  expect(found === 'dist node_modules openapi.json package.json', `the last stage holds ${found}`);
  expect(readdirSync(join(app, 'dist')).join(' ') === 'src', 'dist/ holds more than src');
  const { devDependencies } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'));
  // Packages that we use bring types of their own.
  const ours = Object.keys(devDependencies).filter((name) => !name.startsWith('@types/'));
  const extra = ours.filter((name) => existsSync(join(app, 'node_modules', name)));
  expect(extra.length === 0, `development packages in the last stage: ${extra.join(', ')}`);
}

/** What may write nothing but the data folder, even where this script runs as root: a user who cannot read root's own Node. */
function becomeNobody(folder, app, data) {
  run(`chmod 755 '${folder}' && chmod -R a+rX,a-w '${app}'`);
  const node = join(folder, 'node');
  copyFileSync(process.execPath, node);
  if (process.getuid() !== 0) return { node };
  chownSync(data, NOBODY, NOBODY);
  return { node, uid: NOBODY, gid: NOBODY };
}

/** Stands for the provider, and says one word to everything. */
async function startModel() {
  const model = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(REPLY));
  }).listen(0, '127.0.0.1');
  await once(model, 'listening');
  return model;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return String(port);
}

async function waitUntilReady(base, server) {
  const startedAt = performance.now();
  const isReady = () =>
    fetch(`${base}/readyz`)
      .then(({ ok }) => ok)
      .catch(() => false);
  while (!(await isReady())) {
    const isLate = performance.now() - startedAt > START_WITHIN_MS;
    expect(server.exitCode === null && !isLate, 'the server did not become ready');
    await pause(10);
  }
  return ((performance.now() - startedAt) / 1000).toFixed(2);
}

async function serve(folder, stage, model) {
  const app = join(stage.root, stage.workdir);
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  checkContents(app);
  const size = execFileSync('du', ['-sm', app], { encoding: 'utf8' }).split('\t')[0];
  const { node, ...identity } = becomeNobody(folder, app, data);
  const serviceKey = randomBytes(32).toString('base64url');
  const env = {
    PATH: '/usr/bin:/bin',
    ...stage.env,
    PORT: await freePort(),
    DATABASE_URL: stage.env.DATABASE_URL.replace('/data', data),
    FASTWRAP_API_KEY: serviceKey,
    SIGNUP: 'operator',
    MODEL: 'a-model',
    MODEL_PROVIDER: 'openai-compatible',
    MODEL_BASE_URL: `http://127.0.0.1:${model.address().port}/v1`,
    MODEL_KEY: 'never-used',
  };
  const [program, ...args] = stage.command;
  expect(program === 'node' && stage.healthCheck[0] === 'node', 'CMD and HEALTHCHECK do not run node itself');
  const isHealthy = () =>
    spawnSync(node, stage.healthCheck.slice(1), { cwd: app, env, ...identity }).status === 0;

  const server = spawn(node, args, { cwd: app, env, ...identity, stdio: ['ignore', 'inherit', 'inherit'] });
  try {
    const base = `http://127.0.0.1:${env.PORT}`;
    const seconds = await waitUntilReady(base, server);
    expect(isHealthy(), 'HEALTHCHECK says unhealthy while the server runs');
    const smoke = spawn(process.execPath, ['scripts/smoke.mjs', base], {
      env: { FASTWRAP_API_KEY: serviceKey },
      stdio: 'inherit',
    });
    expect((await once(smoke, 'exit'))[0] === 0, 'the smoke test failed on a read-only tree');
    server.kill('SIGTERM');
    const [code] = await once(server, 'exit', { signal: AbortSignal.timeout(STOP_WITHIN_MS) });
    expect(code === 0, `after SIGTERM: exit ${code}`);
    expect(!isHealthy(), 'HEALTHCHECK says healthy after the end');
    say(`container proved: ${size} MB above the base image, ready ${seconds} s after its start`);
  } finally {
    server.kill('SIGKILL');
  }
}

const folder = mkdtempSync(join(tmpdir(), 'fastwrap-container-'));
const model = await startModel();
try {
  await serve(folder, buildStages(folder), model);
} catch (error) {
  say(`container NOT proved: ${error.message}`);
  process.exitCode = 1;
} finally {
  model.close();
  model.closeAllConnections();
  run(`chmod -R u+w '${folder}'`);
  rmSync(folder, { recursive: true, force: true });
}
