/**
 * `node scripts/watch.mjs serve`, `node scripts/watch.mjs test SPEC…`, in the repository's folder: builds once, then compiles, or
 * copies, what changes and runs the server, or the specs, anew. A type error is shown and ends nothing; Ctrl-C ends all of it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, utimesSync, watch } from 'node:fs';
import { join } from 'node:path';

const [mode, ...args] = process.argv.slice(2);
const isTest = mode === 'test';

const specs = args.map((path) => join('dist', path.replace(/^dist\//, '').replace(/\.ts$/, '.js')));
if (isTest && specs.length === 0) {
  process.stderr.write('watch: name the specs, such as tests/http/drain.spec.ts\n');
  process.exit(1);
}
const main = isTest
  ? [
      '--enable-source-maps',
      'node_modules/mocha/bin/mocha.js',
      '--exit',
      '--require',
      join(import.meta.dirname, 'mocha-hooks.mjs'),
      ...specs,
    ]
  : ['--enable-source-maps', 'dist/src/infrastructure/main.js'];
const settings = isTest ? 'tsconfig.json' : 'tsconfig.build.json';

const built = spawnSync(process.execPath, ['scripts/build.mjs', ...(isTest ? ['--tests'] : [])], {
  stdio: 'inherit',
});
if (built.status !== 0) process.exit(1);
const running = [
  ['node_modules/typescript/bin/tsc', '-p', settings, '--watch', '--preserveWatchOutput'],
  ['--watch', '--watch-preserve-output', ...main],
].map((command) => spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'] }));

/** The compiler sees no Lua, and neither does who watches what is imported. */
const lua = watch('src', { recursive: true }, (_event, name) => {
  if (!name?.endsWith('.lua') || !existsSync(join('src', name))) return;
  cpSync(join('src', name), join('dist/src', name));
  utimesSync(main.at(-1), new Date(), new Date());
});

function end() {
  lua.close();
  for (const child of running) child.kill('SIGTERM');
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
const exits = running.map((child) => once(child, 'exit'));
await Promise.race(exits);
end();
await Promise.all(exits);
