import { createHook } from 'node:async_hooks';
import { appendFileSync } from 'node:fs';

/**
 * Loaded before a program (`node --import`), writes down every way out that it takes: TCP and pipe connections, name
 * lookups of either kind, sockets for datagrams, processes and threads. It looks at the handles under Node's own API, so that it
 * does not matter which function of which library was called, or when that was imported.
 */
const WAYS_OUT = new Set([
  'GETADDRINFOREQWRAP',
  'GETNAMEINFOREQWRAP',
  'PIPECONNECTWRAP',
  'PROCESSWRAP',
  'QUERYWRAP',
  'TCPCONNECTWRAP',
  'UDPWRAP',
  'WORKER',
]);

const path = process.env['EGRESS_RECORD'] ?? '';

createHook({
  init(_id, type, _trigger, resource) {
    if (!WAYS_OUT.has(type)) return;
    // Node names the other end on the handle only after it was made.
    queueMicrotask(() => {
      const { address, hostname, port } = Object.assign({ address: '', hostname: '', port: '' }, resource);
      appendFileSync(path, `${[type, address || hostname, port].join(' ').trim()}\n`);
    });
  },
}).enable();
