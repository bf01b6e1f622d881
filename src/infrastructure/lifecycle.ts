import type { Logger } from '#src/application/ports/system/logger.js';

interface Resource {
  readonly name: string;
  readonly close: () => void | Promise<void>;
}

/** Owns what was opened, and closes it in reverse order. */
export class Lifecycle {
  readonly #logger: Logger;
  readonly #resources: Resource[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  own(name: string, close: Resource['close']): void {
    this.#resources.push({ name, close });
  }

  /** Every resource is closed, also when another one fails to. */
  async closeAll(): Promise<void> {
    for (let resource = this.#resources.pop(); resource !== undefined; resource = this.#resources.pop()) {
      try {
        await resource.close();
      } catch (err) {
        this.#logger.error({ err, resource: resource.name }, 'could not be closed');
      }
    }
  }
}
