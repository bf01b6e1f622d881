/** Where a call came from, as far as the log may know. */
export interface RequestOrigin {
  readonly requestId: string;
  /** Of the caller, as the trusted proxies say; null where it is not known. */
  readonly address: string | null;
  /** What limits count as one address: an IPv4 address, or the /64 of an IPv6 one. */
  readonly rateLimitAddress: string;
  readonly actor: 'anonymous' | 'client' | 'operator';
  /** The key that let the client in. */
  readonly actorKeyId: string | null;
}
