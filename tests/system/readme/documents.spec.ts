import { existsSync, readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import {
  anchors,
  codePaths,
  documents,
  drawnClasses,
  namedFiles,
  readDocument,
  relativeLinks,
} from './documents.js';
import { REPOSITORY } from './shell-examples.js';

/** @returns what is wrong with a link; null: it leads somewhere. */
function fault({ target, path, anchor }: ReturnType<typeof relativeLinks>[number]): string | null {
  const url = new URL(path, REPOSITORY);
  if (!existsSync(url)) return `${target}: there is no ${path}`;
  if (anchor === null) return null;
  if (!statSync(url).isFile()) return `${target}: ${path} has no anchors`;
  return anchors(readDocument(path)).has(anchor) ? null : `${target}: no heading of ${path} is #${anchor}`;
}

describe('The documents', () => {
  const all = documents();

  for (const path of all) {
    it(`${path} links to files and headings that are there`, () => {
      const links = relativeLinks(path, readDocument(path));
      expect(links.map(fault).filter((found) => found !== null)).to.deep.equal([]);
    });
  }

  it('are linked by the index or the front page, all of them', () => {
    const linked = ['README.md', 'docs/README.md'].flatMap((path) =>
      relativeLinks(path, readDocument(path)).map((link) => link.path),
    );
    const inFolder = (path: string) =>
      linked.some((target) => target.endsWith('/') && path.startsWith(target));
    const missing = all.filter((path) => !linked.includes(path) && !inFolder(path));
    expect(missing.filter((path) => path !== 'README.md')).to.deep.equal([]);
  });

  it('name scripts that are there: of package.json, and in scripts/', () => {
    const { scripts } = JSON.parse(readDocument('package.json'));
    // The log of changes names what was there at its time.
    const texts = all.filter((path) => path !== 'CHANGELOG.md').map(readDocument);
    const named = (pattern: RegExp) =>
      new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name = '']) => name)));
    const unknown = [...named(/\bnpm run ([a-z][\w:-]*\w)/g)].filter((name) => !(name in scripts));
    const absent = [...named(/(?:^|[\s`(])(scripts\/[\w/-]+\.\w+)/gm)].filter(
      (name) => !existsSync(new URL(name, REPOSITORY)),
    );
    expect([...unknown, ...absent]).to.deep.equal([]);
  });

  it('name files and folders of code that are there', () => {
    const paths = codePaths();
    const isThere = (name: string) => paths.some((path) => path.endsWith(`/${name}`));
    // The log of changes names what was there at its time.
    const absent = all
      .filter((path) => path !== 'CHANGELOG.md')
      .flatMap((path) => namedFiles(readDocument(path)).map((name) => ({ path, name })))
      .filter(({ name }) => !isThere(name));
    expect(absent).to.deep.equal([]);
  });

  it('draw classes that are there', () => {
    const files = codePaths().filter((path) => /\/src\/.*\.ts$/.test(path));
    const sources = files
      .map((path) => readFileSync(new URL(`.${path.slice(path.indexOf('/src/'))}`, REPOSITORY), 'utf8'))
      .join('\n');
    const drawn = all
      .flatMap((path) => drawnClasses(readDocument(path)))
      .filter((name) => name !== 'FastWrap');
    expect(drawn).not.to.deep.equal([]);
    // A rule without a class is named like its file.
    const fileOf = (name: string) => `/${name.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase()}.ts`;
    const isThere = (name: string) =>
      new RegExp(`\\b(?:class|interface) ${name}\\b`).test(sources) ||
      files.some((path) => path.endsWith(fileOf(name)));
    expect(drawn.filter((name) => !isThere(name))).to.deep.equal([]);
  });
});
