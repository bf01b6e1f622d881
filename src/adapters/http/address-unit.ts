import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/;

/** All callers together whose address is not known, or that a trusted proxy has garbled. */
const UNKNOWN = 'unknown';

/**
 * What limits count as one address: whoever has one IPv6 address has its /64, which therefore counts as a whole; an IPv4
 * address counts by itself, however it is written.
 * @param text as the socket or a trusted proxy has it: some proxies write a port behind it.
 */
export function addressUnit(text: string | null): string {
  if (text === null) return UNKNOWN;
  if (isIPv4(text)) return text;
  const [, bracketed, v4] = WITH_PORT.exec(text) ?? [];
  const address = bracketed ?? v4 ?? text;
  if (isIP(address) === 0) return UNKNOWN;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const network = parsed.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}
