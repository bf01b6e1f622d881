import { randomInt } from 'node:crypto';

/** No hexadecimal digits, so that no id or digest can look like a part of one. */
const LETTERS = 'ghjkmnpqrstvwxyz';
const TELLING_LENGTH = 8;

export function makeCanary(): string {
  return Array.from({ length: 32 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/** Secrets by name, and where they have got to. */
export class Canaries {
  readonly #secrets = new Map<string, string>();

  add(name: string, secret: string): string {
    this.#secrets.set(name, secret);
    return secret;
  }

  make(name: string): string {
    return this.add(name, makeCanary());
  }

  /** The names of those of which the text holds a telling part. */
  in(text: string): string[] {
    return [...this.#secrets].filter(([, secret]) => holdsPartOf(secret, text)).map(([name]) => name);
  }
}

function holdsPartOf(secret: string, text: string): boolean {
  for (let i = 0; i + TELLING_LENGTH <= secret.length; i += 1) {
    if (text.includes(secret.slice(i, i + TELLING_LENGTH))) return true;
  }
  return false;
}
