import type { Logger } from '#src/application/ports/system/logger.js';

/** Of what is tried again and again: one line when it begins to fail, and one when it succeeds again. */
export class OutageReport {
  readonly #logger: Logger;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #words: { readonly fails: string; readonly again: string };
  #isFailing = false;

  constructor(
    logger: Logger,
    fields: Readonly<Record<string, unknown>>,
    words: { readonly fails: string; readonly again: string },
  ) {
    this.#logger = logger;
    this.#fields = fields;
    this.#words = words;
  }

  /** Never rejects. */
  async watch(attempt: Promise<void>): Promise<void> {
    try {
      await attempt;
      if (this.#isFailing) this.#logger.info(this.#fields, this.#words.again);
      this.#isFailing = false;
    } catch (err) {
      if (!this.#isFailing) this.#logger.warn({ err, ...this.#fields }, this.#words.fails);
      this.#isFailing = true;
    }
  }
}
