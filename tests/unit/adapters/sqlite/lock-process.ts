import { DatabaseLock } from '#src/adapters/sqlite/database/database-lock.js';

/** A process of its own: shares the lock of the file named first until it is killed. */
const lock = await DatabaseLock.take(process.argv[2] ?? '', 'shared');
process.send?.(lock === null ? 'refused' : 'taken');
// The channel keeps it alive while somebody listens, and no longer than its parent.
process.on('message', () => lock?.release());
