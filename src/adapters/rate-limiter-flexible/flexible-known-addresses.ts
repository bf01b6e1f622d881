import { createHash } from 'node:crypto';
import type { KnownAddresses } from '#src/application/ports/limits/known-addresses.js';
import type { Counters } from './counters.js';

const KNOWN_FOR_SECONDS = 14 * 86_400;

export class FlexibleKnownAddresses implements KnownAddresses {
  readonly #counters: Counters;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  remember(account: string, address: string): Promise<void> {
    return this.#counters.hold('known-address', nameOf(account, address), 1, KNOWN_FOR_SECONDS);
  }

  async has(account: string, address: string): Promise<boolean> {
    return (await this.#counters.read('known-address', nameOf(account, address))) !== null;
  }
}

function nameOf(account: string, address: string): string {
  return createHash('sha256').update(`${address} ${account}`).digest('base64url');
}
