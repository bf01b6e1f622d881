import { createHash } from 'node:crypto';

/** Lua that Redis runs as one step. It is known to the server by its digest after its first run. */
export class RedisScript {
  readonly sha1: string;

  constructor(readonly source: string) {
    this.sha1 = createHash('sha1').update(source).digest('hex');
  }
}
