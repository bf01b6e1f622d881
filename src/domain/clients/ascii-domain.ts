/** ASCII that no host name holds: a URL would take some of it for a path, a port or an escape. */
const NO_HOST_NAME = /[^\u0080-\u{10ffff}a-z0-9._-]/u;
/** The full stop of Chinese and Japanese. NFKC leaves it, and makes the half-width one of it. */
const IDEOGRAPHIC_STOP = /\u3002/g;
const BEYOND_ASCII = /[^ -~]/;

/**
 * The one form of a domain's spellings: punycode (`xn--…`) without a dot at its end. What is no domain stays what it is.
 * @param domain in NFKC and lower case.
 * @see https://url.spec.whatwg.org/#concept-domain-to-ascii
 */
export function asciiDomain(domain: string): string {
  return toAscii(domain.replace(IDEOGRAPHIC_STOP, '.')).replace(/\.$/, '');
}

function toAscii(domain: string): string {
  if (!BEYOND_ASCII.test(domain) || NO_HOST_NAME.test(domain)) return domain;
  try {
    // Not `URL.canParse`: once it is optimised, Node 20 misreads Latin-1 in it.
    return new URL(`http://${domain}`).hostname;
  } catch {
    return domain;
  }
}
