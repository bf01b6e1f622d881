import type { RequestOrigin } from '#src/application/access/request-origin.js';

/** What happened; the vocabulary is closed, so that a search for one of them finds all. */
export type AuditedEvent =
  | 'signup'
  | 'key_created'
  | 'key_recovered'
  | 'key_revoked'
  | 'login_failed'
  | 'password_changed'
  | 'email_changed'
  | 'client_suspended'
  | 'client_resumed'
  | 'client_updated'
  | 'client_deleted'
  | 'client_deletion_refused'
  | 'limit_blocked';

/** Ids and names of rules; never a password, a key, an email or anything else that a caller wrote. */
export interface AuditEntry {
  readonly event: AuditedEvent;
  readonly origin: RequestOrigin;
  /** Whom it concerns; absent where that is nobody or not known. */
  readonly clientId?: string | undefined;
  /** Which key it concerns. */
  readonly keyId?: string | undefined;
  /** The limit that was hit. */
  readonly limit?: string | undefined;
}

/** Who did what to which account. Never fails, and never makes its caller wait. */
export interface AuditLog {
  record(entry: AuditEntry): void;
}
