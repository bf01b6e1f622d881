import { once } from 'node:events';
import { loadOrCreateSecret } from '#src/adapters/crypto/secret-file.js';

/** One of several processes that start together on one secret file. */
process.send?.('ready');
await once(process, 'message');
const secret = await loadOrCreateSecret(process.argv[2] ?? '');
process.send?.(Buffer.from(secret).toString('hex'));
process.disconnect();
