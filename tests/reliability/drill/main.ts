import { parseArgs } from 'node:util';
import { makeTestFolder } from '#tests/support/fixtures/test-app.js';
import { Drill } from './drill.js';

/** Runs the drill and prints its table; exit code 1 with the first promise that is broken. */
const { values } = parseArgs({
  options: { seed: { type: 'string', default: '20261128' }, writes: { type: 'string', default: '120' } },
});
const folder = await makeTestFolder();
const drill = new Drill({ folder: folder.path, seed: Number(values.seed), writes: Number(values.writes) });
try {
  for (const [name, run] of drill.steps) {
    const startedAt = performance.now();
    const remark = await run().catch((error: unknown) => {
      process.exitCode = 1;
      return `MISSED: ${error instanceof Error ? error.message : 'unknown'}`;
    });
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
    process.stdout.write(`${name.padEnd(40)} ${seconds} s  ${remark.replaceAll(folder.path, '…')}\n`);
  }
} finally {
  await drill.end();
  await folder.remove();
}
process.stdout.write(
  `${new Date().toISOString()}, Node ${process.version}, seed ${values.seed}, ${values.writes} writes\n`,
);
