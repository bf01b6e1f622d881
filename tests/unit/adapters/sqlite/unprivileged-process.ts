import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';

/** A process of its own, without the right to write whatever it likes: opens the file named first and reports the outcome. */
const NOBODY = 65_534;
if (process.getuid?.() === 0) process.setuid?.(NOBODY);
const outcome = await SqliteDatabase.open(process.argv[2] ?? '').then(
  () => 'opened',
  (error: unknown) => (error instanceof Error ? error.message : 'not an Error'),
);
process.send?.(outcome, () => process.exit(0));
