import type { Request } from 'express';
import { parseForwardedFor } from './parse-forwarded-for.js';

/**
 * As the trusted proxies say; null where it is not known. Who is named by an entry that names no address counts as the
 * proxy that wrote it: were they all one unknown address, whoever can write such an entry could use its limits up for the
 * others.
 */
export function callerAddress(request: Request): string | null {
  // From the farthest that a trusted proxy names to the nearest, and the socket's, which express leaves out.
  for (const entry of [...request.ips, request.socket.remoteAddress ?? '']) {
    const address = parseForwardedFor(entry);
    if (address !== null) return address;
  }
  return null;
}
