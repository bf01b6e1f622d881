import { stat } from 'node:fs/promises';

/** The files that hold what was written: the database and its write-ahead log. */
const SUFFIXES = ['', '-wal'] as const;

/** What the path named when the database was opened. Its connections keep that, whatever becomes of the path. */
export class OpenedFile {
  private constructor(
    readonly path: string,
    private readonly identities: readonly string[],
  ) {}

  /** To be called when the connections are open. @throws what `stat` throws. */
  static async at(path: string): Promise<OpenedFile> {
    return new OpenedFile(path, await identify(path));
  }

  /** Whether the path still names what is open: not removed, not replaced, and to be seen at all. */
  async isInPlace(): Promise<boolean> {
    try {
      const found = await identify(this.path);
      return found.every((identity, index) => identity === this.identities[index]);
    } catch {
      return false;
    }
  }
}

async function identify(path: string): Promise<string[]> {
  const found = await Promise.all(SUFFIXES.map((suffix) => stat(path + suffix, { bigint: true })));
  return found.map(({ dev, ino }) => `${dev}:${ino}`);
}
