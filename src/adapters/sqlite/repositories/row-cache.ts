import { LRUCache } from 'lru-cache';
import type { ChangeDetector } from '../database/change-detector.js';

export interface RowCacheOptions<T> {
  readonly version: Pick<ChangeDetector, 'epoch' | 'look'>;
  readonly read: (...key: readonly string[]) => Promise<T | null>;
  readonly copyOf: (row: T) => T;
  readonly maxRows: number;
}

interface Kept<T> {
  readonly row: T;
  readonly epoch: number;
}

/**
 * Rows that every turn needs, kept until something is written. A row whose reading was overtaken by a write is for
 * those alone who asked for it, whose call was concurrent with the write. What is missing is never kept.
 */
export class RowCache<T> {
  readonly #options: RowCacheOptions<T>;
  readonly #rows: LRUCache<string, Kept<T>>;

  constructor(options: RowCacheOptions<T>) {
    this.#options = options;
    this.#rows = new LRUCache({ max: options.maxRows });
  }

  /** Sees everything that this process wrote before the call. The row is the caller's own. @throws what `read` throws. */
  async find(...key: readonly string[]): Promise<T | null> {
    const { version, read, copyOf } = this.#options;
    const look = version.look();
    if (look !== null) await look;
    const name = key.join('\0');
    const kept = this.#rows.get(name);
    const { epoch } = version;
    if (kept?.epoch === epoch) return copyOf(kept.row);
    const row = await read(...key);
    if (row === null) return null;
    // Overtaken by a write, it carries an epoch that is over.
    this.#rows.set(name, { row, epoch });
    return copyOf(row);
  }
}
