import type { Clock } from '#src/application/ports/system/clock.js';
import { ClientPartition, type Entry } from '../conversations/client-partition.js';
import { MaxHeap } from './max-heap.js';

export interface FairLruOptions<V> {
  /** Decides by its monotonic time what has expired. */
  readonly clock: Clock;
  /** Of all clients together. */
  readonly maxEntries: number;
  /** Of each client. Default: no bound of its own. */
  readonly maxEntriesOfClient?: number;
  /** Of all clients together, as `sizeOf` counts them. */
  readonly maxBytes: number;
  readonly sizeOf: (value: V) => number;
}

/**
 * Values of many clients within one bound of count and bytes. What gives way is the least recently used value of the client
 * that holds most bytes, so that nobody can push out clients who hold less than they do. What is too much for a
 * client's own bound is its own least recently used. Expired values are as if gone, but
 * for the room that they take until the next purge.
 */
export class FairLru<V> {
  readonly #clients = new Map<string, ClientPartition<V>>();
  readonly #bySize = new MaxHeap<ClientPartition<V>>();
  readonly #options: FairLruOptions<V>;
  readonly #maxOfClient: number;
  #size = 0;
  #bytes = 0;

  constructor(options: FairLruOptions<V>) {
    this.#options = options;
    this.#maxOfClient = options.maxEntriesOfClient ?? Number.POSITIVE_INFINITY;
  }

  /** How many are held, expired ones that have not been purged yet included. */
  get size(): number {
    return this.#size;
  }

  get(clientId: string, name: string): V | undefined {
    const partition = this.#clients.get(clientId);
    const entry = partition?.get(name);
    if (partition === undefined || entry === undefined) return undefined;
    if (!this.#isAlive(entry)) {
      this.#drop(partition, entry);
      return undefined;
    }
    partition.use(name);
    return entry.value;
  }

  /** Whether it could be stored at all. */
  fits(value: V): boolean {
    return this.#options.sizeOf(value) <= this.#options.maxBytes;
  }

  /** Takes the place of an earlier one; needs one that `fits`. Whatever gives way, it is not this one. */
  set(clientId: string, name: string, value: V, ttlMs: number): void {
    const bytes = this.#options.sizeOf(value);
    this.delete(clientId, name);
    this.#makeRoom(clientId, bytes);
    const partition = this.#partitionOf(clientId);
    partition.add({ name, value, bytes, expiresAtMs: this.#options.clock.monotonicMs() + ttlMs });
    this.#size += 1;
    this.#bytes += bytes;
    this.#bySize.reorder(partition);
  }

  /** @returns false when there was none, or it had expired. */
  delete(clientId: string, name: string): boolean {
    const partition = this.#clients.get(clientId);
    const entry = partition?.get(name);
    if (partition === undefined || entry === undefined) return false;
    this.#drop(partition, entry);
    return this.#isAlive(entry);
  }

  /** Looks at this client's values alone. */
  deleteWhere(clientId: string, concerns: (value: V) => boolean): void {
    const partition = this.#clients.get(clientId);
    if (partition === undefined) return;
    for (const entry of partition.entries()) if (concerns(entry.value)) this.#drop(partition, entry);
  }

  purgeExpired(): void {
    for (const partition of this.#clients.values()) {
      for (const entry of partition.entries()) if (!this.#isAlive(entry)) this.#drop(partition, entry);
    }
  }

  clear(): void {
    this.#clients.clear();
    this.#bySize.clear();
    this.#size = 0;
    this.#bytes = 0;
  }

  #isAlive({ expiresAtMs }: Entry<V>): boolean {
    return this.#options.clock.monotonicMs() <= expiresAtMs;
  }

  #isFullFor(bytes: number): boolean {
    const { maxEntries, maxBytes } = this.#options;
    return this.#size >= maxEntries || this.#bytes + bytes > maxBytes;
  }

  /** The newcomer counts as its client's already, or two of equal size would take turns in pushing each other out. */
  #makeRoom(clientId: string, bytes: number): void {
    for (;;) {
      const own = this.#clients.get(clientId);
      const heaviest = this.#bySize.heaviest;
      if (own !== undefined && own.size >= this.#maxOfClient) this.#evictFrom(own);
      else if (heaviest === undefined || !this.#isFullFor(bytes)) return;
      else this.#evictFrom(own !== undefined && own.bytes + bytes >= heaviest.bytes ? own : heaviest);
    }
  }

  #evictFrom(partition: ClientPartition<V>): void {
    const entry = partition.leastRecent;
    if (entry !== null) this.#drop(partition, entry);
  }

  #drop(partition: ClientPartition<V>, entry: Entry<V>): void {
    partition.delete(entry.name);
    this.#size -= 1;
    this.#bytes -= entry.bytes;
    if (partition.size > 0) {
      this.#bySize.reorder(partition);
    } else {
      this.#bySize.remove(partition);
      this.#clients.delete(partition.clientId);
    }
  }

  #partitionOf(clientId: string): ClientPartition<V> {
    const known = this.#clients.get(clientId);
    if (known !== undefined) return known;
    const partition = new ClientPartition<V>(clientId);
    this.#clients.set(clientId, partition);
    this.#bySize.add(partition);
    return partition;
  }
}
