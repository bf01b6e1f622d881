import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildTests } from './build-tests.mjs';

/**
 * Tests that take more than `npm test` should ask for: `tests/reliability/<name>.suite.ts`. What stands on the command line
 * goes to Mocha.
 */
export function runSuite(name) {
  buildTests();
  const root = join(import.meta.dirname, '../..');
  const suite = `dist/tests/reliability/${name}.suite.js`;
  const args = ['--no-config', '--exit', '--enable-source-maps', suite, ...process.argv.slice(2)];
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const { status } = spawnSync(process.execPath, [mocha, ...args], { cwd: root, stdio: 'inherit' });
  process.stdout.write(`${new Date().toISOString()}, Node ${process.version}\n`);
  process.exitCode = status ?? 1;
}
