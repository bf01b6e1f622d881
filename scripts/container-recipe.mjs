/** What the Dockerfile says and what its build may read, without a Docker engine. A recipe that it cannot read is an error. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A subset of .dockerignore: `*`, exact paths, folders, `!`. The last line that matches decides. */
function readIgnored(folder) {
  const lines = readFileSync(join(folder, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const rules = lines.map((line) => ({ pattern: line.replace(/^!/, ''), ignores: !line.startsWith('!') }));
  const strange = rules.find(({ pattern }) => pattern !== '*' && /[*?[]/.test(pattern));
  if (strange !== undefined) throw new Error(`.dockerignore: cannot read ${strange.pattern}`);
  return (path) =>
    rules.findLast(({ pattern }) => pattern === '*' || path === pattern || path.startsWith(`${pattern}/`))
      ?.ignores ?? false;
}

/** The files of a clean clone, and new ones that git does not ignore, as far as .dockerignore lets them through. */
export function readContext(folder) {
  const isIgnored = readIgnored(folder);
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const paths = listed.split('\n').filter((path) => path !== '' && !isIgnored(path));
  return paths.filter((path) => existsSync(join(folder, path)));
}

/** `COPY [--from=STAGE] SOURCE… TARGET`. */
function readCopy(rest) {
  const words = rest.split(/\s+/);
  const from = words[0].startsWith('--from=') ? words.shift().slice('--from='.length) : undefined;
  if (words.some((word) => /^--|[[\]*?$]/.test(word)))
    throw new Error(`Dockerfile: cannot read COPY ${rest}`);
  return { from, sources: words.slice(0, -1), target: words.at(-1) };
}

/** The instructions in their order: `keyword` and the `rest` of the line; those of COPY taken apart. */
export function readInstructions(folder) {
  const text = readFileSync(join(folder, 'Dockerfile'), 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, keyword, rest] = /^(\w+)\s+(.*)$/.exec(line);
      return { keyword, rest, ...(keyword === 'COPY' ? readCopy(rest) : {}) };
    });
}
