import type { Counters } from '../ports/limits/counters.js';

export interface KnownAddressesOptions {
  readonly counters: Counters;
  /** Of account and address: a store receives neither. */
  readonly digest: (text: string) => string;
}

const KNOWN_FOR_SECONDS = 14 * 86_400;

/** Addresses from which an account's owner has been seen, for two weeks since the last time. Never rejects. */
export class KnownAddresses {
  readonly #options: KnownAddressesOptions;

  constructor(options: KnownAddressesOptions) {
    this.#options = options;
  }

  remember(account: string, address: string): Promise<void> {
    return this.#options.counters.hold('known-address', this.#nameOf(account, address), 1, KNOWN_FOR_SECONDS);
  }

  /** False also when it cannot be found out. */
  async has(account: string, address: string): Promise<boolean> {
    return (await this.#options.counters.read('known-address', this.#nameOf(account, address))) !== null;
  }

  #nameOf(account: string, address: string): string {
    return this.#options.digest(`${address} ${account}`);
  }
}
