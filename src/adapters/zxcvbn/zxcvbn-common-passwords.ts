import type { CommonPasswords } from '#src/application/ports/access/common-passwords.js';

/** Of the package's 49,000, which are lower-cased and ordered by how often they occur in leaks. */
const MAX_COMMON = 10_000;

/** Loaded when it is first asked: the list takes 25 ms and 15 MB. */
export class ZxcvbnCommonPasswords implements CommonPasswords {
  #loading: Promise<ReadonlySet<string>> | undefined;

  async has(lowerCased: string): Promise<boolean> {
    this.#loading ??= this.#load();
    try {
      return (await this.#loading).has(lowerCased);
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  async #load(): Promise<ReadonlySet<string>> {
    const { dictionary } = await import('@zxcvbn-ts/language-common');
    return new Set(dictionary['passwords-common'].slice(0, MAX_COMMON));
  }
}
