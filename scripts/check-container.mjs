/**
 * `node scripts/check-container.mjs [FOLDER]`: fails when the Dockerfile copies what .dockerignore keeps out, or what is not
 * there. Takes a moment; `npm run prove:container` follows every step.
 */
import { join } from 'node:path';
import { readContext, readInstructions } from './container-recipe.mjs';

const folder = process.argv[2] ?? join(import.meta.dirname, '..');
const context = readContext(folder);
const sources = readInstructions(folder)
  .filter(({ keyword, from }) => keyword === 'COPY' && from === undefined)
  .flatMap((copy) => copy.sources);
const missing = sources.filter(
  (source) => !context.some((path) => path === source || path.startsWith(`${source}/`)),
);

for (const source of missing)
  process.stdout.write(
    `container: the Dockerfile copies ${source}, which .dockerignore keeps out or nobody wrote\n`,
  );
if (sources.length === 0) process.stdout.write('container: the Dockerfile copies nothing\n');
else if (missing.length === 0) process.stdout.write(`container: all ${sources.length} sources are there\n`);
process.exitCode = sources.length > 0 && missing.length === 0 ? 0 : 1;
