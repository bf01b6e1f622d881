import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/;

/**
 * The address that an entry of `X-Forwarded-For` names: some proxies write a port behind it, and brackets around IPv6.
 * Null when it names none. A zone is left out: it names an interface of whoever wrote the entry, in whatever way.
 */
export function parseForwardedFor(entry: string): string | null {
  const trimmed = entry.trim();
  const [, bracketed, v4] = WITH_PORT.exec(trimmed) ?? [];
  const named = bracketed ?? v4 ?? trimmed;
  if (isIP(named) === 0) return null;
  const address = named.replace(/%.*$/, '');
  return ipaddr.isValid(address) ? address : null;
}
