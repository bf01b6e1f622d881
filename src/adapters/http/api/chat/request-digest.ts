import { createHash } from 'node:crypto';
import stringify from 'safe-stable-stringify';

/** SHA-256 of a body as JSON, nested fields included; the order of fields makes no difference, that of lists does. */
export function requestDigest(body: object): string {
  return createHash('sha256').update(stringify(body)).digest('base64url');
}
