import { createHash } from 'node:crypto';

/** 43 characters, whatever the text. */
export function sha256Digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
