import { createHash } from 'node:crypto';

/** SHA-256 of a body without nested objects; the order of its fields makes no difference. */
export function requestDigest(body: object): string {
  const canonical = JSON.stringify(body, Object.keys(body).sort());
  return createHash('sha256').update(canonical).digest('base64url');
}
