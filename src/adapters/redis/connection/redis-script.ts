import { createHash } from 'node:crypto';

/** Lua that Redis runs as one step. It is known to the server by its digest after its first run. */
export class RedisScript {
  readonly sha1: string;

  constructor(readonly source: string) {
    this.sha1 = createHash('sha1').update(source).digest('hex');
  }
}

/**
 * Lua that does nothing once its deadline is over, which is its last argument, in milliseconds by the server's clock: it
 * returns by `inTime` of `lua/in-time.lua`. A command may arrive long after its caller has given up: from a client's queue, or
 * from a server that was frozen. {@link DeadlineRunner} runs it.
 */
export class DeadlineScript extends RedisScript {}
