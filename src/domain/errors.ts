/** What sort of failure it was; each edge maps a kind to its own vocabulary once. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'missing'
  | 'wrong_method'
  | 'late'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media'
  | 'unprocessable'
  | 'limited'
  | 'internal'
  | 'upstream_failed'
  | 'unavailable'
  | 'upstream_timeout';

/**
 * Every error that a caller can meet: its kind and the sentence that is safe to show to anybody.
 * The codes are part of the public contract and never change their meaning.
 */
const ERRORS = {
  invalid_request: ['invalid', 'The request is not valid.'],
  unauthenticated: ['unauthenticated', 'A valid API key is required.'],
  forbidden: ['forbidden', 'This credential does not allow that.'],
  not_found: ['missing', 'There is nothing at this address.'],
  character_not_found: ['missing', 'There is no such character.'],
  conversation_not_found: ['missing', 'There is no such conversation, or it has expired.'],
  api_key_not_found: ['missing', 'There is no such API key.'],
  client_not_found: ['missing', 'There is no such client.'],
  method_not_allowed: ['wrong_method', 'This address does not take that method.'],
  request_timeout: ['late', 'The request did not arrive in time.'],
  email_taken: ['conflict', 'An account with this email exists already.'],
  account_changed: ['conflict', 'Another request has changed this account meanwhile: look at it again.'],
  last_key: ['conflict', 'The last usable key cannot be revoked: make another one first.'],
  too_many_keys: ['conflict', 'This account has as many keys as it may have: revoke one first.'],
  too_many_characters: ['conflict', 'This account has as many characters as it may have: delete one first.'],
  conversation_busy: ['conflict', 'Another turn of this conversation is running.'],
  conversation_character_mismatch: ['conflict', 'This conversation belongs to another character.'],
  request_in_progress: ['conflict', 'The first request with this Idempotency-Key is still running.'],
  payload_too_large: ['too_large', 'The body has over 256 KiB, 32 levels of nesting or 1000 values.'],
  unsupported_media_type: ['unsupported_media', 'The body must be application/json in UTF-8.'],
  idempotency_mismatch: ['unprocessable', 'This Idempotency-Key was used for another request.'],
  model_rejected: ['unprocessable', 'The model refused this input.'],
  rate_limited: ['limited', 'Too many requests: a limit was hit.'],
  budget_exceeded: ['limited', 'The token budget of the day is used up.'],
  internal_error: ['internal', 'Something went wrong on our side.'],
  model_failed: ['upstream_failed', 'The model did not give a usable answer.'],
  model_unavailable: ['unavailable', 'The model cannot be reached at the moment.'],
  cache_unavailable: ['unavailable', 'Conversations cannot be reached at the moment.'],
  database_unavailable: ['unavailable', 'The database cannot be reached at the moment.'],
  overloaded: ['unavailable', 'The service is at its limit at the moment.'],
  shutting_down: ['unavailable', 'The service is shutting down.'],
  model_timeout: ['upstream_timeout', 'The model did not answer in time.'],
} as const satisfies Record<string, readonly [ErrorKind, string]>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

/** One faulty field of a request: where it is, and the rule that it broke. Never its value. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface AppErrorOptions {
  /** Replaces the code's own sentence. Shown to callers: never a value they sent, never an inner error's text. */
  readonly detail?: string;
  readonly fields?: readonly FieldError[];
  /** Whole seconds, at least 1: what whoever refused asked for. Null: waiting does not help. */
  readonly retryAfterSeconds?: number | null;
  /** Whether the very same call may well succeed a moment later. */
  readonly transient?: boolean;
  /** For the log alone. */
  readonly cause?: unknown;
}

/** The one error of domain, application and adapters; anything else that is thrown is a defect and shows as `internal_error`. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly detail: string;
  readonly fields: readonly FieldError[] | undefined;
  /** Absent: nothing was asked for. */
  readonly retryAfterSeconds: number | null | undefined;
  readonly transient: boolean;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    const [kind, sentence] = ERRORS[code];
    super(code, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.kind = kind;
    this.detail = options.detail ?? sentence;
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.transient = options.transient ?? false;
  }
}

/** `invalid_request` for fields whose rule the type system of the edge cannot express. */
export function invalidFields(...fields: FieldError[]): AppError {
  return new AppError('invalid_request', { fields });
}
