import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const cli = join(import.meta.dirname, '../node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/**
 * Cruises `src` of a tree by that tree's own rules.
 * @returns `{ modules, violations }`: how many of our own files were read, and `{ rule, from, to }` each.
 * @throws Error when dependency-cruiser gave no result.
 */
export function cruise(root) {
  const args = [cli, 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (!run.stdout.startsWith('{')) throw new Error(`dependency-cruiser failed: ${run.stderr}`);
  const result = JSON.parse(run.stdout);
  return {
    modules: result.modules.filter(({ source }) => source.startsWith('src/')).length,
    violations: result.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}
