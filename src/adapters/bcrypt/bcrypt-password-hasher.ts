import { createHmac } from 'node:crypto';
import { availableParallelism } from 'node:os';
import bcrypt from 'bcrypt';
import { FairSemaphore } from '#src/application/async/fair-semaphore.js';
import type { HashingParty, PasswordHasher } from '#src/application/ports/access/password-hasher.js';

export interface BcryptPasswordHasherOptions {
  /** Secret, 32 bytes: a stolen table of hashes is worth nothing without it. */
  readonly pepper: Uint8Array;
  /** 10 to 14, default 10; each step doubles the time. */
  readonly cost?: number;
  /** Default: as many as the machine has cores, at most 2. Each takes one of libuv's 4 threads, which reads share. */
  readonly maxConcurrent?: number;
  /** Default 32. */
  readonly maxWaiting?: number;
}

const MIN_COST = 10;
const MAX_COST = 14;
const MAX_THREADS = 2;
const DUMMY_SALT_AND_DIGEST = 'Nm6lRwXyC7AbCkDvTqEhZuWjYgIoPsK1d2F3G4H5J6L7M8N9B0V.u';

/** bcrypt over base64(HMAC-SHA-384(pepper, NFKC(password))): 64 characters, so that its cut at 72 bytes is never reached. */
export class BcryptPasswordHasher implements PasswordHasher {
  readonly #pepper: Uint8Array;
  readonly #cost: number;
  readonly #semaphore: FairSemaphore;
  readonly #dummyHash: string;

  /** @throws RangeError when the cost is out of bounds. */
  constructor(options: BcryptPasswordHasherOptions) {
    this.#cost = options.cost ?? MIN_COST;
    if (!Number.isInteger(this.#cost) || this.#cost < MIN_COST || this.#cost > MAX_COST) {
      throw new RangeError(`The cost of bcrypt must be ${MIN_COST} to ${MAX_COST}.`);
    }
    this.#pepper = options.pepper;
    this.#dummyHash = `$2b$${this.#cost}$${DUMMY_SALT_AND_DIGEST}`;
    this.#semaphore = new FairSemaphore({
      maxConcurrent: options.maxConcurrent ?? Math.min(availableParallelism(), MAX_THREADS),
      maxWaiting: options.maxWaiting ?? 32,
    });
  }

  hash(password: string, party: HashingParty): Promise<string> {
    return this.#semaphore.run(namesOf(party), () => bcrypt.hash(this.#prehash(password), this.#cost));
  }

  async verify(password: string, hash: string | null, party: HashingParty): Promise<boolean> {
    const matches = await this.#semaphore.run(namesOf(party), () =>
      bcrypt.compare(this.#prehash(password), hash ?? this.#dummyHash),
    );
    return hash !== null && matches;
  }

  #prehash(password: string): string {
    return createHmac('sha384', this.#pepper).update(password.normalize('NFKC')).digest('base64');
  }
}

function namesOf({ account, address }: HashingParty): string[] {
  return [`account ${account}`, `address ${address}`];
}
