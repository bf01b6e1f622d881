import { AppError, type ErrorCode } from '#src/domain/app-error.js';
import { failureOf, type ProviderFailure } from './provider-failure.js';

type ModelErrorCode = Extract<
  ErrorCode,
  'model_rejected' | 'model_failed' | 'model_unavailable' | 'model_timeout'
>;

/** Statuses that pass with time. Every other refusal is the operator's to mend: a wrong key, model, address or parameter. */
const BY_STATUS: ReadonlyMap<number, ModelErrorCode> = new Map([
  [408, 'model_unavailable'],
  [413, 'model_rejected'],
  [429, 'model_unavailable'],
  [503, 'model_unavailable'],
  [504, 'model_unavailable'],
  [520, 'model_unavailable'],
  [521, 'model_unavailable'],
  [522, 'model_unavailable'],
  [523, 'model_unavailable'],
  [524, 'model_unavailable'],
  [529, 'model_unavailable'],
]);

/** What the code of a failure says, where it says more than the status does. */
const BY_CODE: ReadonlyMap<string, ModelErrorCode> = new Map([
  ['quota_exhausted', 'model_failed'],
  ['ECONNREFUSED', 'model_unavailable'],
  ['ECONNRESET', 'model_unavailable'],
  ['ECONNABORTED', 'model_unavailable'],
  ['EPIPE', 'model_unavailable'],
  ['ENOTFOUND', 'model_unavailable'],
  ['EAI_AGAIN', 'model_unavailable'],
  ['EHOSTUNREACH', 'model_unavailable'],
  ['ENETUNREACH', 'model_unavailable'],
  ['ETIMEDOUT', 'model_unavailable'],
  ['UND_ERR_SOCKET', 'model_unavailable'],
  ['UND_ERR_CONNECT_TIMEOUT', 'model_unavailable'],
  ['UND_ERR_HEADERS_TIMEOUT', 'model_timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'model_timeout'],
]);

const REJECTING_STATUSES = [400, 413, 422];
const REJECTIONS = ['context_too_long', 'content_filtered'];

/** Whatever a model call threw, in the contract's words. The cause keeps a name, a status and a code, and no text. */
export function toModelError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const failure = failureOf(error);
  return modelError(codeOf(failure), failure);
}

/** An answer that came and cannot be used, for a reason of ours. */
export function modelError(code: ModelErrorCode, cause: ProviderFailure): AppError {
  const { retryAfterSeconds } = cause;
  return new AppError(code, {
    cause,
    ...(code === 'model_unavailable' && retryAfterSeconds !== undefined ? { retryAfterSeconds } : {}),
  });
}

function codeOf({ status, code }: ProviderFailure): ModelErrorCode {
  if (status !== undefined && code !== undefined) {
    if (REJECTING_STATUSES.includes(status) && REJECTIONS.includes(code)) return 'model_rejected';
  }
  return BY_CODE.get(code ?? '') ?? BY_STATUS.get(status ?? 0) ?? 'model_failed';
}
