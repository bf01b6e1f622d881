import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Waits for the end of its standard input, which is the end of the campaign, however that comes. Then it ends every process
 * whose working directory is in the campaign's folder, and removes the folder. No signal of a terminal reaches it.
 */
const SWEEP = `
cat >/dev/null
for process in /proc/[0-9]*; do
  case "$(readlink "$process/cwd")" in
    "$1" | "$1"/* | "$1 (deleted)") [ "\${process#/proc/}" = "$2" ] || kill -KILL "\${process#/proc/}" ;;
  esac
done
rm -rf "$1"
`;

/** Sees to it that nothing of a campaign outlives it: no process, no file. */
export class Janitor {
  readonly #child: ChildProcess;

  private constructor(
    /** The folder in which the campaign and all its processes run and keep their files. */
    readonly folder: string,
    child: ChildProcess,
  ) {
    this.#child = child;
  }

  /** From now on this process works in the folder, and so do the ones that it starts. */
  static employ(): Janitor {
    const folder = mkdtempSync(join(tmpdir(), 'fastwrap-attack-'));
    const child = spawn('sh', ['-c', SWEEP, 'sh', folder, String(process.pid)], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    process.chdir(folder);
    process.env['TMPDIR'] = folder;
    return new Janitor(folder, child);
  }

  /** Processes of the campaign besides this one. */
  leftProcesses(): string[] {
    return processesIn(this.folder).filter((pid) => pid !== String(process.pid));
  }

  /** Files and folders in the campaign's folder. */
  leftFiles(): string[] {
    return readdirSync(this.folder);
  }

  async sweep(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await gone;
  }
}

/** The ids of those whose working directory is the folder, or one in it. */
export function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && worksIn(pid, folder));
}

function worksIn(pid: string, folder: string): boolean {
  try {
    return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`);
  } catch {
    return false;
  }
}
