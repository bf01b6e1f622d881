/** Stands in for a service that withstands nothing: it is content with whatever comes, and its requests never end by themselves. */
import { createServer } from 'node:http';

const STATUS: Readonly<Record<string, number>> = { POST: 201, DELETE: 204 };
const ANSWER = JSON.stringify({ id: 'an-id', apiKey: 'a-key', status: 'ok', client: { id: 'a-client' } });

const server = createServer({ requireHostHeader: false, requestTimeout: 0, headersTimeout: 0 });
server.on('request', (request, response) => {
  request.resume().once('end', () => {
    const status = STATUS[request.method ?? ''] ?? 200;
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(status === 204 ? undefined : ANSWER);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  process.stdout.write(`FastWrap listens on http://127.0.0.1:${address.port}\n`);
});
