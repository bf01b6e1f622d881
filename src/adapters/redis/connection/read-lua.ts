import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const INCLUDE = /^-- include (\S+)$/gm;

/**
 * A script with its fragments in place: the line `-- include <path>` stands for the file at that path, which starts from the
 * script's folder and includes nothing itself. Read where a module begins, so that a missing file ends the start.
 * @param name from the folder on, `./lua/….lua`, in full where it is called: tools look for that.
 * @param constants that the caller knows, too: the script has them as locals.
 * @throws Error when a file is missing.
 */
export function readLua(
  folder: string,
  name: string,
  constants: Readonly<Record<string, number>> = {},
): string {
  const path = join(folder, name);
  const locals = Object.entries(constants).map(([constant, value]) => `local ${constant} = ${value}\n`);
  const source = readFileSync(path, 'utf8').replace(INCLUDE, (_line, fragment: string) =>
    readFileSync(join(dirname(path), fragment), 'utf8'),
  );
  return locals.join('') + source;
}
