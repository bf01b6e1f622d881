import { FairSemaphore } from '#src/application/async/fair-semaphore.js';
import type { HashingParty, PasswordHasher } from '#src/application/ports/access/password-hasher.js';
import { FastPasswordHasher } from './fast-password-hasher.js';

/** Of bcrypt on one core of a small machine. */
const HASH_MS = 65;

/** As slow as bcrypt on two cores by a clock that a test moves, behind the queue of the real one. */
export class SlowPasswordHasher implements PasswordHasher {
  readonly #fast = new FastPasswordHasher();
  readonly #semaphore = new FairSemaphore({ maxConcurrent: 2, maxWaiting: 32 });

  hash(password: string, party: HashingParty): Promise<string> {
    return this.#slowly(party, () => this.#fast.hash(password));
  }

  verify(password: string, hash: string | null, party: HashingParty): Promise<boolean> {
    return this.#slowly(party, () => this.#fast.verify(password, hash));
  }

  #slowly<T>({ account, address }: HashingParty, work: () => Promise<T>): Promise<T> {
    return this.#semaphore.run([account, address], async () => {
      await new Promise((resolve) => setTimeout(resolve, HASH_MS));
      return work();
    });
  }
}
