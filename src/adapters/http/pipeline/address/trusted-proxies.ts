import ipaddr from 'ipaddr.js';
import { parseForwardedFor } from './parse-forwarded-for.js';

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

const MAPPED_BITS = 96;

/**
 * For express's `trust proxy`, which by itself takes an entry with a port for an untrusted one: all who come by that proxy would
 * count as one address.
 * @param ranges addresses and CIDRs.
 */
export function trustedProxies(ranges: readonly string[]): (entry: string) => boolean {
  const trusted = ranges.map(toRange);
  return (entry) => {
    const address = parseForwardedFor(entry);
    return address !== null && ipaddr.subnetMatch(ipaddr.process(address), { trusted }) === 'trusted';
  };
}

/** IPv4 written as IPv6 is IPv4 here, as it is in what is compared. */
function toRange(text: string): Range {
  const [address, bits] = text.includes('/') ? ipaddr.parseCIDR(text) : toSingle(ipaddr.parse(text));
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= MAPPED_BITS;
  return isMapped ? [address.toIPv4Address(), bits - MAPPED_BITS] : [address, bits];
}

function toSingle(address: ipaddr.IPv4 | ipaddr.IPv6): Range {
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
