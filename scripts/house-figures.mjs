/**
 * `node scripts/house-figures.mjs [--at REF]`: figures of the house, as a table: files per folder, lines per file, the files that a
 * plain and a streamed turn pass through, and the exported concepts of chat with its ports. `--at` measures another commit, in a
 * worktree of its own that is built there. `--bound` looks at the folders alone. Fails where a folder of src has too many files.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** More of them and nobody sees at a glance what there is. */
const MAX_FILES_PER_FOLDER = 15;
const HOUSE = join(import.meta.dirname, '..');
/** Loaded ahead of the service: each SIGUSR2 writes what has run since the last one. */
const COVER =
  "import v8 from 'node:v8'; process.on('SIGUSR2', () => { v8.takeCoverage(); console.error('covered'); });";

const { values } = parseArgs({ options: { at: { type: 'string' }, bound: { type: 'boolean' } } });

function filesOf(root, folder, ending = '') {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('/generated/'))
    .sort();
}

/** @returns `[folder, count]`, the fullest first. */
function foldersOf(root) {
  const counts = new Map();
  for (const path of filesOf(root, 'src')) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one);
}

function linesOf(root) {
  const lines = filesOf(root, 'src')
    .map((path) => ({ path, count: readFileSync(join(root, path), 'utf8').split('\n').length - 1 }))
    .sort((one, other) => one.count - other.count);
  const at = (share) => lines[Math.ceil(share * lines.length) - 1].count;
  const { path, count } = lines.at(-1);
  return {
    'files in src': lines.length,
    'lines per file: half, and nine in ten, have at most': `${at(0.5)}, ${at(0.9)}`,
    'files with more than 150 lines': lines.filter((file) => file.count > 150).length,
    'files with more than 250 lines': lines.filter((file) => file.count > 250).length,
    'longest file': `${count} (${path})`,
  };
}

/** What application/chat exports, and what the ports export that it imports. */
function conceptsOf(root) {
  const chat = filesOf(root, 'src/application/chat', '.ts');
  const imported = chat.flatMap((path) => [
    ...readFileSync(join(root, path), 'utf8').matchAll(
      /from '(?:#src\/application|\.\.)\/(ports\/[^']+)\.js'/g,
    ),
  ]);
  const ports = new Set(imported.map(([, path]) => `src/application/${path}.ts`));
  const isChat = (path) =>
    !path.includes('/ports/') || /(?:conversation-cache|llm-gateway|model-health)\.ts$/.test(path);
  const count = (paths) => {
    const text = paths.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
    return (
      text.match(/^export (?:abstract |async )?(?:class|const|enum|function|interface|type) /gm)?.length ?? 0
    );
  };
  const all = [...chat, ...ports];
  return {
    'exported concepts of chat and its own ports': count(all.filter(isChat)),
    'the same, with all ports that it imports': count(all),
  };
}

/** A built service on its demo model, in an empty folder. */
class CoveredService {
  #child;
  #folder = mkdtempSync(join(tmpdir(), 'fastwrap-figures-'));
  #stderr = '';
  #root;

  constructor(root) {
    this.#root = root;
    const preload = `data:text/javascript,${encodeURIComponent(COVER)}`;
    this.#child = spawn(
      process.execPath,
      ['--import', preload, join(root, 'dist/src/infrastructure/main.js')],
      {
        cwd: this.#folder,
        env: { PATH: process.env.PATH, PORT: '0', NODE_V8_COVERAGE: join(this.#folder, 'coverage') },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr += text;
    });
    this.#child.stdout.setEncoding('utf8');
  }

  async url() {
    let output = '';
    for await (const text of this.#child.stdout.iterator({ destroyOnReturn: false })) {
      output += text;
      const [url] = /http:\/\/\S+/.exec(output) ?? [];
      if (url !== undefined) {
        this.#child.stdout.resume();
        return url;
      }
    }
    throw new Error(`the service has not started: ${this.#stderr}`);
  }

  /** @returns our files of which a function has run meanwhile. */
  async during(operation) {
    await this.#cover();
    await operation();
    const [scripts] = await this.#cover();
    const src = join(this.#root, 'dist/src');
    return scripts
      .filter(({ url }) => url.startsWith('file:'))
      .map(({ url, functions }) => ({ path: relative(src, fileURLToPath(url)), functions }))
      .filter(({ path }) => !path.startsWith('..') && !path.includes('generated/'))
      .filter(({ functions }) => functions.some(({ ranges }) => ranges[0].count > 0))
      .map(({ path }) => path)
      .sort();
  }

  async #cover() {
    const folder = join(this.#folder, 'coverage');
    this.#stderr = '';
    this.#child.kill('SIGUSR2');
    while (!this.#stderr.includes('covered')) await once(this.#child.stderr, 'data');
    return readdirSync(folder).map((name) => {
      const path = join(folder, name);
      const { result } = JSON.parse(readFileSync(path, 'utf8'));
      rmSync(path);
      return result;
    });
  }

  async end() {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function turnsOf(root) {
  const service = new CoveredService(root);
  try {
    const base = (await service.url()).replace(/\/$/, '');
    const post = async (path, body, key) => {
      const headers = { 'content-type': 'application/json', ...(key && { 'x-api-key': key }) };
      const answer = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(body) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
      return text;
    };
    const { apiKey } = JSON.parse(
      await post('/auth/signup', { email: 'owner@example.com', password: 'a long and quiet river' }),
    );
    const character = await post('/api/characters', { name: 'Ada', instructions: 'You sell paint.' }, apiKey);
    const { id: characterId } = JSON.parse(character);
    const turn = (stream) =>
      post('/api/chat', { characterId, message: 'Good day.', conversationId: 'visitor-7', stream }, apiKey);
    const counts = {};
    for (const [name, stream] of [
      ['plain', false],
      ['streamed', true],
    ]) {
      // What only a first turn does is left out.
      await turn(stream);
      counts[`files that a ${name} turn passes through`] = (await service.during(() => turn(stream))).length;
    }
    return counts;
  } finally {
    await service.end();
  }
}

/** A commit in a folder of its own, with its own packages, built by its own build. */
async function withCommit(ref, measure) {
  const folder = mkdtempSync(join(tmpdir(), 'fastwrap-house-'));
  const root = join(folder, 'house');
  const run = (program, ...args) =>
    execFileSync(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync('git', ['worktree', 'add', '--detach', '--quiet', root, ref], { cwd: HOUSE });
  try {
    const lock = (house) => readFileSync(join(house, 'package-lock.json'), 'utf8');
    if (lock(root) === lock(HOUSE))
      cpSync(join(HOUSE, 'node_modules'), join(root, 'node_modules'), {
        recursive: true,
        verbatimSymlinks: true,
      });
    else run('npm', 'ci', '--no-audit', '--no-fund');
    run(process.execPath, 'scripts/build.mjs');
    return await measure(root);
  } finally {
    execFileSync('git', ['worktree', 'remove', '--force', root], { cwd: HOUSE });
    rmSync(folder, { recursive: true, force: true });
  }
}

async function figuresOf(root) {
  const [[fullest, count]] = foldersOf(root);
  return {
    'folders of src with more than 15 files': foldersOf(root).filter(
      ([, files]) => files > MAX_FILES_PER_FOLDER,
    ).length,
    'fullest folder': `${count} (${fullest})`,
    ...linesOf(root),
    ...(await turnsOf(root)),
    ...conceptsOf(root),
  };
}

const say = (line) => process.stdout.write(`${line}\n`);
if (!values.bound) {
  const figures = values.at === undefined ? await figuresOf(HOUSE) : await withCommit(values.at, figuresOf);
  say(`| ${values.at ?? 'here'} | |\n| --- | --- |`);
  for (const [name, figure] of Object.entries(figures)) say(`| ${name} | ${figure} |`);
}
if (values.at === undefined) {
  const tooFull = foldersOf(HOUSE).filter(([, files]) => files > MAX_FILES_PER_FOLDER);
  for (const [folder, files] of tooFull)
    say(`house: ${folder} has ${files} files, more than ${MAX_FILES_PER_FOLDER}`);
  if (values.bound && tooFull.length === 0)
    say(`house: no folder of src has more than ${MAX_FILES_PER_FOLDER} files`);
  if (tooFull.length > 0) process.exitCode = 1;
}
