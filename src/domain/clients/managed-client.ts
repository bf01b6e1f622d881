import type { Client } from './client.js';
import type { ClientTerms } from './client-terms.js';

/** A client as the operator sees it. */
export interface ManagedClient extends Client, ClientTerms {
  /** ISO 8601, UTC; null: it is not suspended. */
  readonly suspendedAt: string | null;
}
