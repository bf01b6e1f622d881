import type { Timestamp, Uuid } from '#src/adapters/http/openapi/scalars.js';

/**
 * @pattern ^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$ must be an email address
 * @format email
 * @maxLength 254
 * @example "owner@example.com"
 */
export type Email = string;

/**
 * 8 to 128 characters after NFKC, none of the most common passwords, not the email.
 * @minLength 1
 * @maxLength 1024
 * @example "a long and quiet river"
 */
export type Password = string;

/**
 * @minLength 1
 * @maxLength 120
 * @example "Paint & Sons"
 */
export type Label = string;

/** A store, an agency or a product team. */
export interface Client {
  id: Uuid;
  email: Email;
  /** @example "Paint & Sons" */
  storeName: string | null;
  createdAt: Timestamp;
}

/**
 * Any of these, at least one. Changing the email or the password needs `currentPassword`.
 * @example { "storeName": "Paint & Daughters" }
 */
export interface ClientPatch {
  /** Null clears it. */
  storeName?: Label | null;
  email?: Email;
  newPassword?: Password;
  currentPassword?: Password;
}
