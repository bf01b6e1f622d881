import type { Server } from 'node:http';

/** Listens on a free port of this machine, tells the process that started this one where, and ends with it. */
export function announce(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('not listening on a port');
    process.send?.({ url: `http://127.0.0.1:${address.port}` });
  });
  process.on('disconnect', () => process.exit());
}
