/**
 * Follows the Dockerfile without a Docker engine: the same files, the same commands, each stage in an empty folder; then
 * the last stage's command as an ordinary user on a read-only tree. Takes as long as two `npm ci`.
 * Steps that only an image can take (apt-get, users) are named and left out.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
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
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const START_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 10_000;
const NOBODY = 65534;
const IMAGE_ONLY = /^(apt-get|install -d -o) /;

process.chdir(join(import.meta.dirname, '..'));
const say = (text) => process.stdout.write(`${text}\n`);

function expect(holds, what) {
  if (!holds) throw new Error(what);
}

/** Its own subset: `*`, exact paths, folders, `!`. The last line that matches decides. */
function dockerignore() {
  const lines = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const rules = lines.map((line) => ({ pattern: line.replace(/^!/, ''), ignores: !line.startsWith('!') }));
  for (const { pattern } of rules)
    expect(pattern === '*' || !/[*?[]/.test(pattern), `.dockerignore: cannot read ${pattern}`);
  return (path) =>
    rules.findLast(({ pattern }) => pattern === '*' || path === pattern || path.startsWith(`${pattern}/`))
      ?.ignores ?? false;
}

function copyContext(target) {
  const ignored = dockerignore();
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' });
  const paths = listed.split('\n').filter((path) => path !== '' && !ignored(path) && existsSync(path));
  for (const path of paths) cpSync(path, join(target, path));
  say(`context: ${paths.length} files`);
}

function instructions() {
  const text = readFileSync('Dockerfile', 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, keyword, rest] = /^(\w+)\s+(.*)$/.exec(line);
      return { keyword, rest };
    });
}

function copy(from, stage, sources, target) {
  const place = join(stage.root, target.startsWith('/') ? '' : stage.workdir, target);
  for (const source of sources) {
    const path = join(from, source);
    const into =
      statSync(path).isFile() && (target.endsWith('/') || sources.length > 1)
        ? join(place, basename(path))
        : place;
    mkdirSync(dirname(into), { recursive: true });
    cpSync(path, into, { recursive: true, verbatimSymlinks: true });
  }
}

function runStep(stage, command) {
  if (IMAGE_ONLY.test(command)) return say(`left out: RUN ${command}`);
  say(`RUN ${command}`);
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...stage.env };
  const { status } = spawnSync('sh', ['-c', command], {
    cwd: join(stage.root, stage.workdir),
    env,
    stdio: 'inherit',
  });
  expect(status === 0, `RUN ${command}: exit ${status}`);
}

/** @returns the last stage: its folder, environment, command and health check. */
function buildStages(folder) {
  const context = join(folder, 'context');
  mkdirSync(context);
  copyContext(context);
  const stages = new Map();
  let stage;
  for (const { keyword, rest } of instructions()) {
    if (keyword === 'FROM') {
      const name = / AS (\w+)$/.exec(rest)?.[1] ?? 'final';
      stage = { root: join(folder, name), workdir: '/', env: {} };
      mkdirSync(stage.root);
      stages.set(name, stage);
      say(`FROM ${rest}`);
    } else if (keyword === 'WORKDIR') {
      stage.workdir = rest;
      mkdirSync(join(stage.root, rest), { recursive: true });
    } else if (keyword === 'ENV') {
      for (const pair of rest.split(' '))
        stage.env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1);
    } else if (keyword === 'COPY') {
      const words = rest.split(' ');
      const from = words[0].startsWith('--from=')
        ? stages.get(words.shift().slice('--from='.length)).root
        : context;
      copy(from, stage, words.slice(0, -1), words.at(-1));
    } else if (keyword === 'RUN') runStep(stage, rest);
    else if (keyword === 'CMD') stage.command = JSON.parse(rest);
    else if (keyword === 'HEALTHCHECK') stage.healthCheck = JSON.parse(rest.slice(rest.indexOf('CMD ') + 4));
    else expect(/^(USER|VOLUME|EXPOSE|STOPSIGNAL)$/.test(keyword), `cannot follow ${keyword}`);
  }
  return stage;
}

function checkContents(app) {
  const found = readdirSync(app).sort().join(' ');
  expect(found === 'dist node_modules openapi.json package.json', `the last stage holds ${found}`);
  expect(readdirSync(join(app, 'dist')).join(' ') === 'src', 'dist/ holds more than src');
  const { devDependencies } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'));
  const extra = ['typescript', 'mocha', 'tsoa'].filter(
    (name) => name in devDependencies && existsSync(join(app, 'node_modules', name)),
  );
  expect(extra.length === 0, `development packages in the last stage: ${extra.join(', ')}`);
  say(`the last stage's /app: ${execFileSync('du', ['-sm', app], { encoding: 'utf8' }).split('\t')[0]} MB`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return String(port);
}

/** As a user that may write nothing but the data folder, even where this script runs as root. */
async function ordinaryUser(folder, app, data) {
  chmodSync(folder, 0o755);
  execFileSync('chmod', ['-R', 'a+rX,a-w', app]);
  const node = join(folder, 'node');
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  if (process.getuid() !== 0) return { node, identity: {} };
  chownSync(data, NOBODY, NOBODY);
  return { node, identity: { uid: NOBODY, gid: NOBODY } };
}

async function serve(folder, stage) {
  const app = join(stage.root, stage.workdir);
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  checkContents(app);
  const { node, identity } = await ordinaryUser(folder, app, data);
  const env = {
    PATH: '/usr/bin:/bin',
    ...stage.env,
    PORT: await freePort(),
    DATABASE_URL: stage.env.DATABASE_URL.replace('/data', data),
    FASTWRAP_API_KEY: randomBytes(32).toString('base64url'),
    MODEL: 'gpt-4o-mini',
    MODEL_KEY: 'never-used',
  };
  const [program, ...args] = stage.command;
  expect(program === 'node' && stage.healthCheck[0] === 'node', 'CMD and HEALTHCHECK do not run node itself');
  const healthy = () =>
    spawnSync(node, stage.healthCheck.slice(1), { cwd: app, env, ...identity }).status === 0;

  const server = spawn(node, args, { cwd: app, env, ...identity, stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = once(server, 'exit');
  try {
    const base = `http://127.0.0.1:${env.PORT}`;
    const deadline = Date.now() + START_WITHIN_MS;
    while (
      !(await fetch(`${base}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      ))
    ) {
      expect(server.exitCode === null && Date.now() < deadline, 'the server did not become ready');
      await pause(100);
    }
    expect((await fetch(`${base}/livez`)).status === 200, 'GET /livez');
    expect(healthy(), 'HEALTHCHECK says unhealthy while the server runs');
    const signUp = await fetch(`${base}/auth/signup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'owner@example.com', password: randomBytes(18).toString('base64url') }),
    });
    expect(
      signUp.status === 201,
      `POST /auth/signup (bcrypt and sqlite3 in the last stage): ${signUp.status}`,
    );
    say('live, healthy, and an account was made on a read-only tree');
    server.kill('SIGTERM');
    const [code, signal] = await Promise.race([
      ended,
      pause(STOP_WITHIN_MS, ['none', 'none'], { ref: false }),
    ]);
    expect(code === 0, `after SIGTERM: exit ${code}, signal ${signal}`);
    expect(!healthy(), 'HEALTHCHECK says healthy after the end');
    say('SIGTERM: exit 0');
  } finally {
    server.kill('SIGKILL');
  }
}

const folder = mkdtempSync(join(tmpdir(), 'fastwrap-container-'));
try {
  await serve(folder, buildStages(folder));
  say('container proved');
} catch (error) {
  say(`container NOT proved: ${error.message}`);
  process.exitCode = 1;
} finally {
  spawnSync('chmod', ['-R', 'u+w', folder]);
  rmSync(folder, { recursive: true, force: true });
}
