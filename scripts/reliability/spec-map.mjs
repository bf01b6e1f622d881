import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Of JavaScript, and of the Lua that it reads and that includes other Lua. */
const READ = /'(\.\/lua\/[\w-]+\.lua)'|^-- include (\S+)$/gm;
const IMPORT = /(?:from|import)\s*\(?\s*['"]([#.][^'"]+)['"]/g;
/** They measure, take minutes, or need what not every machine has. */
const LEFT_OUT = /\.alone\.spec\.js$|^tests\/(?:system\/)?(?:scripts|readme|durability|egress)\//;

/** Every endpoint, on memory and on SQLite. */
const BROADEST = 'tests/http/api.spec.js';
/** Thousands of rounds, or several processes. */
const SLOW = /^tests\/(?:unit\/(?:leaks|infrastructure)|reliability|system)\//;

/** Which specs have a file in what they import, however far down. */
export class SpecMap {
  #dist;
  #imports = new Map();
  #specs;

  constructor(dist) {
    this.#dist = dist;
    this.#specs = readdirSync(join(dist, 'tests'), { recursive: true })
      .map((path) => join('tests', path))
      .filter((path) => path.endsWith('.spec.js') && !LEFT_OUT.test(path))
      .map((path) => ({ path, closure: this.#closureOf(path) }));
  }

  /** @returns paths of specs: those that import it first, then those of its folder, then the broadest. */
  of(source) {
    const place = join('src', source);
    const folder = join('tests/unit', dirname(source));
    const rank = ({ path, closure }) => {
      if (closure.get(place) === 1) return 1;
      if (path.startsWith('tests/unit/') && `${folder}/`.startsWith(`${dirname(path)}/`)) return 2;
      if (path === BROADEST) return 3;
      if (SLOW.test(path)) return 6;
      return path.startsWith('tests/http/') ? 4 : 5;
    };
    return this.#specs
      .filter(({ closure }) => closure.has(place))
      .sort((one, other) => rank(one) - rank(other) || one.closure.size - other.closure.size)
      .map(({ path }) => path);
  }

  /** @returns how many imports away each file is. */
  #closureOf(spec) {
    const distances = new Map([[spec, 0]]);
    for (const [path, distance] of distances) {
      for (const imported of this.#importsOf(path)) {
        if (!distances.has(imported)) distances.set(imported, distance + 1);
      }
    }
    return distances;
  }

  #importsOf(path) {
    const known = this.#imports.get(path);
    if (known !== undefined) return known;
    const source = readFileSync(join(this.#dist, path), 'utf8');
    const imports = [...source.matchAll(IMPORT), ...source.matchAll(READ)]
      .map(([, imported, included]) => imported ?? included)
      .map((name) => (name.startsWith('#') ? normalize(name.slice(1)) : join(dirname(path), name)))
      .filter((name) => existsSync(join(this.#dist, name)));
    this.#imports.set(path, imports);
    return imports;
  }
}
