import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { REPOSITORY } from './shell-examples.js';

const FENCED = /^(`{3,})[^\n]*\n.*?^\1$/gms;
const INLINE_CODE = /`[^`\n]*`/g;
const LINK = /\]\(<?([^)\s>]+)>?\)/g;
const ELSEWHERE = /^[a-z][a-z0-9+.-]*:/i;
const HEADING = /^#{1,6} +(.+?) *$/gm;

export interface RelativeLink {
  readonly target: string;
  /** From the root of the repository. */
  readonly path: string;
  /** Null: it leads to the beginning. */
  readonly anchor: string | null;
}

/** What a newcomer reads, by paths from the root of the repository. */
export function documents(): string[] {
  const inside = ['docs', 'documents'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, REPOSITORY), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => posix.join(folder, name.replaceAll('\\', '/'))),
  );
  return [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'bench/README.md',
    ...inside,
  ].sort();
}

export function readDocument(path: string): string {
  return readFileSync(new URL(path, REPOSITORY), 'utf8');
}

export function relativeLinks(path: string, text: string): RelativeLink[] {
  const prose = text.replaceAll(FENCED, '').replaceAll(INLINE_CODE, '');
  return [...prose.matchAll(LINK)]
    .map(([, target = '']) => target)
    .filter((target) => !ELSEWHERE.test(target))
    .map((target) => {
      const [file = '', anchor = null] = target.split('#');
      return { target, path: file === '' ? path : posix.join(posix.dirname(path), file), anchor };
    });
}

/** As GitHub makes them of headings. */
export function anchors(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading = ''] of text.replaceAll(FENCED, '').matchAll(HEADING)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let repeat = 1; found.has(anchor); repeat += 1) anchor = `${slug}-${repeat}`;
    found.add(anchor);
  }
  return found;
}

const CODE_FOLDERS = ['src', 'tests', 'bench', 'scripts'];
const FILE_NAME = /[\w{},./-]*\w\.(?:ts|mjs|cjs|grit|lua)\b/g;
const FOLDER_NAME = /(?:src|tests|bench|scripts|domain|application|adapters|infrastructure)\/(?:[\w-]+\/)+/g;
/** What the build makes, and the form of a name that somebody is to choose. */
const NOT_KEPT = /generated\/|000N/;

/** Files and folders of code that a document names in code spans: whole paths, or the end of one. */
export function namedFiles(text: string): string[] {
  const spans = [...text.replaceAll(FENCED, '').matchAll(INLINE_CODE)].map(([span]) => span);
  // Names with a place for something else in them, and those of a pattern, name no one file.
  const plain = spans.filter((span) => !/[<>*…]/.test(span) && !NOT_KEPT.test(span));
  const files = plain.flatMap((span) => span.match(FILE_NAME) ?? []).flatMap(alternatives);
  return [...files, ...plain.flatMap((span) => span.match(FOLDER_NAME) ?? [])];
}

const PICTURE = /^```mermaid\n(.*?)^```$/gms;
const CLASS_NAME = /\b(?:[A-Z][a-z]+){2,}\b/g;

/** Classes that the pictures of a document name. */
export function drawnClasses(text: string): string[] {
  return [...text.matchAll(PICTURE)].flatMap(([, picture = '']) => picture.match(CLASS_NAME) ?? []);
}

/** `a-{b,c}.ts` is two names. */
function alternatives(name: string): string[] {
  const [group, inner] = /\{([^}]*)\}/.exec(name) ?? [];
  if (group === undefined || inner === undefined) return [name];
  return inner.split(',').map((part) => name.replace(group, part));
}

/** Paths of all code and its folders, each after a `/`. */
export function codePaths(): string[] {
  const inside = CODE_FOLDERS.flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, REPOSITORY), { recursive: true, withFileTypes: true }).map(
      (entry) =>
        posix.join('/', entry.parentPath.replaceAll('\\', '/'), entry.name) +
        (entry.isDirectory() ? '/' : ''),
    ),
  );
  return [...inside, ...readdirSync(REPOSITORY).map((name) => `/${name}`)];
}
