import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** All callers together whose address is not known. */
const UNKNOWN = 'unknown';

/**
 * What limits count as one address: whoever has one IPv6 address has its /64, which therefore counts as a whole; an IPv4
 * address counts by itself, however it is written.
 * @param address without a port.
 */
export function rateLimitAddress(address: string | null): string {
  if (address === null) return UNKNOWN;
  if (isIPv4(address)) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const network = parsed.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}
