import type { ClientTerms } from '../clients/client-terms.js';

/** A client, with what was read of it beside its key. */
export interface ClientPrincipal extends ClientTerms {
  readonly kind: 'client';
  readonly clientId: string;
  readonly keyId: string;
}

/**
 * Who is calling. Decided once a request, by the one authenticator; everything behind it
 * reads this type and checks no credential of its own.
 */
export type Principal = { readonly kind: 'anonymous' } | ClientPrincipal | { readonly kind: 'operator' };

/** What a route can ask for. `signup` is anybody or the operator, as the operator has configured. */
export type Right = 'client' | 'operator' | 'signup';
