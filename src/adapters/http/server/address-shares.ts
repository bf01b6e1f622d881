import { rateLimitAddress } from '../pipeline/address/rate-limit-address.js';
import type { ConnectionPolicy } from './connection-policy.js';

/** A connection, as those of its address see it. */
export interface ShareHolder {
  /** Of answers, until the kernel has them. */
  readonly waitingBytes: number;
  /** When there may be room again. */
  goOn(): void;
  /** Now, whatever is under way. */
  cut(reason?: Error): void;
}

/** What the connections of one address hold together. */
export interface AddressShare {
  /** The address, or the /64 of one; a trusted proxy has a share of its own beside its neighbours'. */
  readonly name: string;
  readonly isBounded: boolean;
  readonly connections: Set<ShareHolder>;
  /** Requests under way besides the first of each connection. */
  pipelined: number;
  /** Have something to read, and wait until there is room for it. */
  readonly parked: Set<ShareHolder>;
}

/** Of each address that has a connection: an IPv4 address, or the /64 of an IPv6 one. */
export class AddressShares {
  readonly #shares = new Map<string, AddressShare>();
  readonly #policy: ConnectionPolicy;

  constructor(policy: ConnectionPolicy) {
    this.#policy = policy;
  }

  /** @returns null where the address has as many connections as it may have. */
  find(address: string | undefined): AddressShare | null {
    const isBounded = address === undefined || !this.#policy.isProxy(address);
    const name = `${isBounded ? '' : 'proxy '}${rateLimitAddress(address ?? null)}`;
    const share = this.#shares.get(name) ?? {
      name,
      isBounded,
      connections: new Set(),
      pipelined: 0,
      parked: new Set(),
    };
    const { maxConnectionsPerAddress: max } = this.#policy;
    return share.isBounded && max > 0 && share.connections.size >= max ? null : share;
  }

  join(share: AddressShare, connection: ShareHolder): void {
    this.#shares.set(share.name, share);
    share.connections.add(connection);
  }

  leave(share: AddressShare, connection: ShareHolder): void {
    share.connections.delete(connection);
    share.parked.delete(connection);
    if (share.connections.size === 0) this.#shares.delete(share.name);
  }

  /** Ends, of each address for which too much waits, the connections for which most does. */
  cutGreedy(): void {
    for (const share of this.#shares.values()) {
      if (share.isBounded) cutDownTo(this.#policy.maxWaitingBytesPerAddress, share.connections);
    }
  }
}

function cutDownTo(maxBytes: number, connections: Iterable<ShareHolder>): void {
  const waiting = [...connections]
    .map((connection) => ({ connection, bytes: connection.waitingBytes }))
    .filter(({ bytes }) => bytes > 0)
    .sort((one, other) => other.bytes - one.bytes);
  let sum = waiting.reduce((total, { bytes }) => total + bytes, 0);
  for (const { connection, bytes } of waiting) {
    if (sum <= maxBytes) return;
    connection.cut(new Error('Too much waits for readers at this address.'));
    sum -= bytes;
  }
}
