/**
 * `node scripts/check-container.mjs [FOLDER]`: fails unless .dockerignore lets in what the Dockerfile copies and nothing else,
 * and a clean clone has it. Takes a moment; `npm run prove:container` follows every step.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const linesOf = (path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /^[^#]/.test(line));

/** Each in a line of its own: a `keyword` and the `rest`; of COPY also `from`, `sources` and `target`. */
export function readInstructions(folder) {
  return linesOf(join(folder, 'Dockerfile')).map((line) => {
    const [, keyword, from, rest] = /^([A-Z]+) (?:--from=(\w+) )?(.*[^\\])$/.exec(line) ?? [];
    const words = rest?.split(' ') ?? [];
    const isReadable = keyword !== 'COPY' || words.every((word) => /^(?!--)[\w./-]+$/.test(word));
    if (keyword === undefined || !isReadable) throw new Error(`Dockerfile: cannot read ${line}`);
    return { keyword, from, rest, sources: words.slice(0, -1), target: words.at(-1) };
  });
}

/** The files of a clean clone under a path, and new ones that git does not ignore. */
export function filesOf(folder, path) {
  const args = ['ls-files', '-z', '-co', '--exclude-standard', '--', path];
  const listed = execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).split('\0');
  return listed.filter((file) => file !== '' && existsSync(join(folder, file)));
}

/** The sources in the order of the Dockerfile. */
export function sourcesOf(folder) {
  const copies = readInstructions(folder).filter(({ keyword, from }) => keyword === 'COPY' && !from);
  return [...new Set(copies.flatMap(({ sources }) => sources))];
}

function faultsOf(folder, sources) {
  const [first, ...others] = linesOf(join(folder, '.dockerignore'));
  const letIn = others.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const keptOut = others.filter((line) => !line.startsWith('!'));
  const isInClone = (path) => filesOf(folder, path).length > 0;
  return [
    ...(first === '*' ? [] : ['.dockerignore does not begin with *']),
    ...(sources.length > 0 ? [] : ['the Dockerfile copies nothing']),
    ...sources.filter((path) => !letIn.includes(path)).map((path) => `.dockerignore keeps out ${path}`),
    ...letIn.filter((path) => !sources.includes(path)).map((path) => `nothing copies ${path}`),
    ...sources.filter((path) => !isInClone(path)).map((path) => `a clone has no ${path}`),
    ...keptOut.filter(isInClone).map((path) => `.dockerignore keeps out ${path}, which a clone has`),
  ];
}

if (import.meta.filename === process.argv[1]) {
  const folder = process.argv[2] ?? join(import.meta.dirname, '..');
  const sources = sourcesOf(folder);
  const faults = faultsOf(folder, sources);
  const lines = faults.length > 0 ? faults : [`all ${sources.length} sources are there`];
  process.stdout.write(lines.map((line) => `container: ${line}\n`).join(''));
  process.exitCode = faults.length > 0 ? 1 : 0;
}
