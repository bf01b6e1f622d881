import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LeftOut } from './family.js';

const LIBRARIES = '/usr/lib';
const LIBRARY = 'faketime/libfaketime.so.1';

/** Moves the clock on the wall of one process, and leaves its monotonic clock alone, as a correction by hand does. */
export class MovedClock {
  readonly #file: string;
  readonly #library: string;

  private constructor(file: string, library: string) {
    this.#file = file;
    this.#library = library;
  }

  /** @throws LeftOut without libfaketime. */
  static in(folder: string): MovedClock {
    const library = ['', ...readdirSync(LIBRARIES)]
      .map((name) => join(LIBRARIES, name, LIBRARY))
      .find((path) => existsSync(path));
    if (library === undefined) throw new LeftOut('libfaketime is missing (Debian: apt-get install faketime)');
    const clock = new MovedClock(join(folder, 'clock'), library);
    clock.moveBy(0);
    return clock;
  }

  get env(): Record<string, string> {
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_RESET: '1',
    };
  }

  /** From now on, against the time of this machine. */
  moveBy(seconds: number): void {
    writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}s\n`);
  }
}
