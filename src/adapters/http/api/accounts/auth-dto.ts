import type { Client, Email, Label, Password } from './client-dto.js';

export interface SignUpInput {
  email: Email;
  password: Password;
  storeName?: Label;
}

export interface SignUpResult {
  client: Client;
  /**
   * Shown this once.
   * @example "fw_01a205ee554f74ffaa7066f1342ce4ed_only-shown-this-once"
   */
  apiKey: string;
}

export interface KeyRecoveryInput {
  email: Email;
  password: Password;
  name?: Label;
}
