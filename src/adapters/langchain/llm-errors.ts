import { AppError, type ErrorCode } from '#src/domain/errors.js';
import { failureOf, type ProviderFailure } from './transport/provider-failure.js';

type ModelErrorCode = Extract<
  ErrorCode,
  'model_rejected' | 'model_failed' | 'model_unavailable' | 'model_timeout'
>;

interface Verdict {
  readonly code: ModelErrorCode;
  /** Whether a second try may help. */
  readonly transient: boolean;
}

type Row = readonly [fits: (failure: ProviderFailure) => boolean, Verdict];

const rejected: Verdict = { code: 'model_rejected', transient: false };
const failed: Verdict = { code: 'model_failed', transient: false };
const failedForNow: Verdict = { code: 'model_failed', transient: true };
const unavailable: Verdict = { code: 'model_unavailable', transient: true };
const timedOut: Verdict = { code: 'model_timeout', transient: false };

/**
 * What every failure means: the first row that fits. What fits none is the operator's or the provider's to mend and
 * does not pass by itself: a wrong key, model, address or parameter, or an answer that makes no sense.
 */
const TABLE: readonly Row[] = [
  [reason('quota_exhausted'), failed],
  [both(status(400, 413, 422), reason('context_too_long', 'content_filtered')), rejected],
  [reason('content_filter'), rejected],

  [status(413), rejected],
  [status(408, 429), unavailable],
  // Not there, or too busy, in the words of gateways, Cloudflare (520 to 524) and Anthropic (529).
  [status(503, 504, 520, 521, 522, 523, 524, 529), unavailable],
  [statusFrom(500), failedForNow],

  [system('ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'UND_ERR_SOCKET'), unavailable],
  [system('ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'), unavailable],
  [system('ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'), unavailable],
  [system('UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'), timedOut],
];

/** Whatever a model call threw, in the contract's words. The cause keeps a name, a status and a code, and no text. */
export function toModelError(error: unknown): AppError {
  return error instanceof AppError ? error : modelError(failureOf(error));
}

export function modelError(cause: ProviderFailure): AppError {
  const { code, transient } = TABLE.find(([fits]) => fits(cause))?.[1] ?? failed;
  const { retryAfterSeconds } = cause;
  return new AppError(code, {
    cause,
    transient,
    ...(code === 'model_unavailable' && retryAfterSeconds !== undefined ? { retryAfterSeconds } : {}),
  });
}

function both(...rows: readonly Row[0][]): Row[0] {
  return (failure) => rows.every((fits) => fits(failure));
}

function status(...statuses: readonly number[]): Row[0] {
  return (failure) => failure.status !== undefined && statuses.includes(failure.status);
}

function statusFrom(least: number): Row[0] {
  return (failure) => failure.status !== undefined && failure.status >= least;
}

/** What a body says, where it says more than the status does. */
function reason(...reasons: readonly string[]): Row[0] {
  return ({ code }) => code !== undefined && reasons.includes(code);
}

/** How a connection failed, which has no status then. */
function system(...codes: readonly string[]): Row[0] {
  return (failure) => failure.status === undefined && reason(...codes)(failure);
}
