import { once } from 'node:events';
import { createServer } from 'node:http';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';

export interface ExpressServer {
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** A few handlers behind a real socket, for parts that need a real response. */
export async function startExpressServer(
  handler: RequestHandler,
  ...errorHandlers: readonly ErrorRequestHandler[]
): Promise<ExpressServer> {
  const app = express();
  app.use(handler, ...errorHandlers);
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
