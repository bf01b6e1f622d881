import { createHash, randomBytes } from 'node:crypto';
import type { PasswordHasher } from '#src/application/ports/access/password-hasher.js';

/** For tests that are not about passwords: costs nothing, and protects nothing. */
export class FastPasswordHasher implements PasswordHasher {
  async hash(password: string): Promise<string> {
    const salt = randomBytes(8).toString('hex');
    return `${salt}:${this.#digest(salt, password)}`;
  }

  async verify(password: string, hash: string | null): Promise<boolean> {
    const [salt, digest] = hash?.split(':') ?? [];
    return salt !== undefined && digest === this.#digest(salt, password);
  }

  #digest(salt: string, password: string): string {
    return createHash('sha256').update(salt).update(password.normalize('NFKC')).digest('hex');
  }
}
