import type { Arena } from './arena.js';
import type { Figure } from './figure.js';

/** One kind of attack. */
export interface Family {
  readonly name: string;
  /** One line: what is done to the service. */
  readonly about: string;
  /** It looks at the service's own sockets, which callers of a proxy never meet. */
  readonly withoutProxy?: boolean;
  /**
   * Everything it starts belongs to the arena.
   * @throws LeftOut where the machine lacks what it needs.
   */
  run(arena: Arena): Promise<readonly Figure[]>;
}

/** This machine cannot run the family. */
export class LeftOut extends Error {}
