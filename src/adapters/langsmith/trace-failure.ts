export interface TraceFailureParts {
  /** Null: there was no answer. */
  readonly status: number | null;
  /** A system's or library's error code, as in `ECONNREFUSED`. */
  readonly code: string | null;
}

/** Statuses besides 5xx that pass with time. */
const PASSING_STATUSES = [408, 425, 429];

/** Traces that LangSmith did not take. Holds no text of anybody else's. */
export class TraceFailure extends Error {
  readonly status: number | null;
  readonly code: string | null;
  /** Whether the same traces may well be taken a moment later. */
  readonly transient: boolean;

  constructor({ status, code }: TraceFailureParts) {
    super('LangSmith did not take traces');
    this.name = 'TraceFailure';
    this.status = status;
    this.code = code;
    this.transient = status === null || status >= 500 || PASSING_STATUSES.includes(status);
  }

  static from(error: unknown): TraceFailure {
    if (error instanceof TraceFailure) return error;
    const code = error instanceof Error && 'code' in error ? error.code : null;
    return new TraceFailure({ status: null, code: typeof code === 'string' ? code : null });
  }
}
