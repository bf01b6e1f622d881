import type { Sized } from '../structures/max-heap.js';

export interface Entry<V> {
  readonly name: string;
  readonly value: V;
  readonly bytes: number;
  /** On the monotonic clock; at that moment it is still alive. */
  readonly expiresAtMs: number;
}

interface Linked<V> extends Entry<V> {
  older: Linked<V> | null;
  newer: Linked<V> | null;
}

/**
 * What one client has stored, from the least to the most recently used. A chain, because finding the first in a map whose
 * first ones have been deleted takes the longer the more they were.
 */
export class ClientPartition<V> implements Sized {
  /** In the heap of all clients. */
  place = 0;
  readonly #entries = new Map<string, Linked<V>>();
  #oldest: Linked<V> | null = null;
  #newest: Linked<V> | null = null;
  #bytes = 0;

  constructor(readonly clientId: string) {}

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get leastRecent(): Entry<V> | null {
    return this.#oldest;
  }

  get(name: string): Entry<V> | undefined {
    return this.#entries.get(name);
  }

  /** In whatever order; entries may be deleted meanwhile. */
  entries(): Iterable<Entry<V>> {
    return this.#entries.values();
  }

  /** As the most recently used one. */
  add({ name, value, bytes, expiresAtMs }: Entry<V>): void {
    // Spelled out: a copy by `...` takes 250 bytes more for each entry.
    const linked: Linked<V> = { name, value, bytes, expiresAtMs, older: null, newer: null };
    this.#entries.set(name, linked);
    this.#bytes += bytes;
    this.#link(linked);
  }

  use(name: string): void {
    const linked = this.#entries.get(name);
    if (linked === undefined || linked === this.#newest) return;
    this.#unlink(linked);
    this.#link(linked);
  }

  delete(name: string): void {
    const linked = this.#entries.get(name);
    if (linked === undefined) return;
    this.#entries.delete(name);
    this.#bytes -= linked.bytes;
    this.#unlink(linked);
  }

  #link(entry: Linked<V>): void {
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Linked<V>): void {
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
  }
}
