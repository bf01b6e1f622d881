/**
 * Who is calling. Decided once a request, by the one authenticator; everything behind it
 * reads this type and checks no credential of its own.
 */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'client'; readonly clientId: string; readonly keyId: string }
  | { readonly kind: 'operator' };

/** What a route can ask for. `signup` is anybody or the operator, as the operator has configured. */
export type Right = 'client' | 'operator' | 'signup';
