/** A key at the one moment that its text is known. */
export interface MintedApiKey {
  /** `fw_<keyId>_<secret><checksum>`: shown once, never stored. */
  readonly text: string;
  /** HMAC-SHA-256 of the text, 32 bytes. */
  readonly digest: Uint8Array;
  readonly lastFour: string;
}

/** Makes and checks API keys without any I/O. */
export interface ApiKeyMint {
  /** @param keyId a lower-case UUID. */
  mint(keyId: string): MintedApiKey;
  /** The key's id when form and checksum are right, else null: whatever was mistyped or made up ends here. */
  parse(text: string): string | null;
  /** In constant time. */
  matches(text: string, digest: Uint8Array): boolean;
}
