import type { RunStatement } from '../database/sqlite-connection.js';

/** Where a row's key stood in the array of keys. */
export interface Placed {
  readonly place: number;
}

export interface BatchLoaderOptions<Row, T> {
  readonly read: RunStatement;
  /** Takes one parameter, a JSON array of keys, each an array itself, and gives `place` with each row. */
  readonly sql: string;
  readonly toResult: (row: Row & Placed) => T;
}

interface Question<T> {
  readonly key: readonly string[];
  readonly resolve: (found: T | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Finds single rows by their keys. What is asked for in one round of the event loop is read by one statement: the way
 * to SQLite's thread and back costs far more than a row.
 */
export class BatchLoader<Row, T> {
  readonly #options: BatchLoaderOptions<Row, T>;
  #asked: Question<T>[] = [];

  constructor(options: BatchLoaderOptions<Row, T>) {
    this.#options = options;
  }

  /** Sees everything that was written before the call. @throws what `read` throws. */
  find(...key: readonly string[]): Promise<T | null> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ key, resolve, reject });
      if (this.#asked.length === 1) setImmediate(() => this.#readAll());
    });
  }

  async #readAll(): Promise<void> {
    const { read, sql, toResult } = this.#options;
    const questions = this.#asked;
    this.#asked = [];
    try {
      const rows = await read<Row & Placed>(sql, [JSON.stringify(questions.map(({ key }) => key))]);
      const found = new Map(rows.map((row) => [row.place, toResult(row)]));
      for (const [place, { resolve }] of questions.entries()) resolve(found.get(place) ?? null);
    } catch (error) {
      for (const { reject } of questions) reject(error);
    }
  }
}
