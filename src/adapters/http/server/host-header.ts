import type { IncomingMessage } from 'node:http';

/** What a host and a port can consist of (RFC 3986, 3.2); empty where the target has none. */
const HOST = /^[\w.~!$&'()*+,;=%:[\]-]*$/;

/** One in HTTP/1.1, at most one in HTTP/1.0, and nothing in it that no host has (RFC 9112, 3.2). */
export function hasValidHost({ httpVersion, headers, rawHeaders }: IncomingMessage): boolean {
  if (headers.host === undefined) return httpVersion !== '1.1';
  return HOST.test(headers.host) && countHosts(rawHeaders) === 1;
}

/** Node leaves all but the first out of the headers. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}
