import { stat } from 'node:fs/promises';

/** The files that hold what was written: the database and its write-ahead log. */
const SUFFIXES = ['', '-wal'] as const;

/** With these `stat` says that the path names nothing. */
const NOTHING_THERE: ReadonlySet<string | null> = new Set(['ENOENT', 'ENOTDIR']);

/** What the path named when the database was opened. Its connections keep that, whatever becomes of the path. */
export class OpenedFile {
  readonly #identities: readonly string[];

  private constructor(
    readonly path: string,
    identities: readonly string[],
  ) {
    this.#identities = identities;
  }

  /** To be called when the connections are open. @throws what `stat` throws. */
  static async at(path: string): Promise<OpenedFile> {
    return new OpenedFile(path, await identify(path));
  }

  /**
   * Whether the path still names what is open: not removed, not replaced.
   * @throws what `stat` throws when that is not known: no permission, an error of the disk, no descriptor left.
   */
  async isInPlace(): Promise<boolean> {
    try {
      const found = await identify(this.path);
      return found.every((identity, index) => identity === this.#identities[index]);
    } catch (error) {
      if (NOTHING_THERE.has(nodeCodeOf(error))) return false;
      throw error;
    }
  }
}

/** Null for what is no error of Node's. */
export function nodeCodeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** One after the other: on a disk that hangs it holds one thread of the pool, and not the last two. */
async function identify(path: string): Promise<string[]> {
  const identities: string[] = [];
  for (const suffix of SUFFIXES) {
    const { dev, ino } = await stat(path + suffix, { bigint: true });
    identities.push(`${dev}:${ino}`);
  }
  return identities;
}
