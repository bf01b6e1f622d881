export interface RedisBreakerOptions {
  /** Resolves when Redis answers. */
  readonly probe: () => Promise<unknown>;
  readonly onOpen: (error: unknown) => void;
  readonly onClose: () => void;
}

const FAILURES_TO_OPEN = 3;
const PROBE_INTERVAL_MS = 200;

/** Opens after a few failures in a row; while it is open it asks by itself whether Redis is back, so that nobody has to wait. */
export class RedisBreaker {
  #failures = 0;
  #lastError: unknown = null;
  #stopped = false;
  #probing: NodeJS.Timeout | null = null;
  readonly #options: RedisBreakerOptions;

  constructor(options: RedisBreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#probing !== null;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  succeeded(): void {
    if (!this.isOpen) this.#failures = 0;
  }

  failed(error: unknown): void {
    this.#lastError = error;
    this.#failures += 1;
    if (this.#failures >= FAILURES_TO_OPEN) this.open(error);
  }

  open(error: unknown): void {
    if (this.isOpen || this.#stopped) return;
    this.#lastError = error;
    this.#scheduleProbe();
    this.#options.onOpen(error);
  }

  /** For good: what fails from now on is the end of the connection. */
  stop(): void {
    this.#stopped = true;
    if (this.#probing !== null) clearTimeout(this.#probing);
  }

  #scheduleProbe(): void {
    this.#probing = setTimeout(() => this.#probe(), PROBE_INTERVAL_MS).unref();
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.probe();
      if (this.#stopped) return;
    } catch (error) {
      if (this.#stopped) return;
      this.#lastError = error;
      this.#scheduleProbe();
      return;
    }
    this.#probing = null;
    this.#failures = 0;
    this.#options.onClose();
  }
}
