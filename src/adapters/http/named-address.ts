import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/;

/**
 * The address that an entry of `X-Forwarded-For` names: some proxies write a port behind it, and brackets around IPv6.
 * Null when it names none. Both checks are needed: the first is strict about IPv4, the second about zones.
 */
export function namedAddress(entry: string): string | null {
  const [, bracketed, v4] = WITH_PORT.exec(entry) ?? [];
  const address = bracketed ?? v4 ?? entry;
  return isIP(address) !== 0 && ipaddr.isValid(address) ? address : null;
}
