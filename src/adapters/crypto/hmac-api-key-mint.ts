import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ApiKeyMint, MintedApiKey } from '#src/application/ports/access/api-key-mint.js';
import { base62 } from './base62.js';

const SECRET_BYTES = 32;
/** 62^43 is the first power of 62 above 2^256. */
const SECRET_DIGITS = 43;
const CHECKSUM_DIGITS = 6;
/** A key has 85 characters; what is longer is not even looked at. */
const MAX_LENGTH = 100;
const FORM = /^(fw_([0-9a-f]{32})_[0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM_DIGITS);
}

function toUuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * `fw_<key id, 32 hex digits>_<256 random bits, 43 base62 digits><CRC-32 of all before it, 6 base62 digits>`.
 * The checksum is no secret: it keeps mistyped and made-up keys away from the database.
 */
export class HmacApiKeyMint implements ApiKeyMint {
  readonly #secret: Uint8Array;

  /** @param secret 32 bytes. @throws RangeError when it has another length. */
  constructor(secret: Uint8Array) {
    if (secret.length !== 32) throw new RangeError('The secret of API keys must have 32 bytes.');
    this.#secret = secret;
  }

  mint(keyId: string): MintedApiKey {
    const random = BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`);
    const secret = base62(random, SECRET_DIGITS);
    const body = `fw_${keyId.replaceAll('-', '')}_${secret}`;
    const text = body + checksum(body);
    return { text, digest: this.#digest(text), lastFour: secret.slice(-4) };
  }

  parse(text: string): string | null {
    if (text.length > MAX_LENGTH) return null;
    const [, body, keyId, given] = FORM.exec(text) ?? [];
    if (body === undefined || keyId === undefined || given !== checksum(body)) return null;
    return toUuid(keyId);
  }

  matches(text: string, digest: Uint8Array): boolean {
    const expected = this.#digest(text);
    return digest.length === expected.length && timingSafeEqual(expected, digest);
  }

  #digest(text: string): Uint8Array {
    return createHmac('sha256', this.#secret).update(text).digest();
  }
}
