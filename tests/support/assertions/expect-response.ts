import { expect } from 'chai';
import type { ErrorCode } from '#src/domain/errors.js';
import type { ApiResponse } from '../fixtures/api-client.js';

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const API_KEY = /^fw_[0-9a-f]{32}_[0-9A-Za-z]{49}$/;

/** The published errors, written down a second time: status, title, and the sentence where none of its own is given. */
const PROBLEMS: Readonly<Record<ErrorCode, readonly [number, string, string]>> = {
  invalid_request: [400, 'Bad Request', 'The request is not valid.'],
  unauthenticated: [401, 'Unauthorized', 'A valid API key is required.'],
  forbidden: [403, 'Forbidden', 'This credential does not allow that.'],
  not_found: [404, 'Not Found', 'There is nothing at this address.'],
  character_not_found: [404, 'Not Found', 'There is no such character.'],
  conversation_not_found: [404, 'Not Found', 'There is no such conversation, or it has expired.'],
  api_key_not_found: [404, 'Not Found', 'There is no such API key.'],
  client_not_found: [404, 'Not Found', 'There is no such client.'],
  method_not_allowed: [405, 'Method Not Allowed', 'This address does not take that method.'],
  request_timeout: [408, 'Request Timeout', 'The request did not arrive in time.'],
  email_taken: [409, 'Conflict', 'An account with this email exists already.'],
  account_changed: [409, 'Conflict', 'Another request has changed this account meanwhile: look at it again.'],
  last_key: [409, 'Conflict', 'The last usable key cannot be revoked: make another one first.'],
  too_many_keys: [409, 'Conflict', 'This account has as many keys as it may have: revoke one first.'],
  too_many_characters: [
    409,
    'Conflict',
    'This account has as many characters as it may have: delete one first.',
  ],
  conversation_busy: [409, 'Conflict', 'Another turn of this conversation is running.'],
  conversation_character_mismatch: [409, 'Conflict', 'This conversation belongs to another character.'],
  request_in_progress: [409, 'Conflict', 'The first request with this Idempotency-Key is still running.'],
  payload_too_large: [
    413,
    'Content Too Large',
    'The body has over 256 KiB, 32 levels of nesting or 1000 values.',
  ],
  unsupported_media_type: [415, 'Unsupported Media Type', 'The body must be application/json in UTF-8.'],
  idempotency_mismatch: [422, 'Unprocessable Content', 'This Idempotency-Key was used for another request.'],
  model_rejected: [422, 'Unprocessable Content', 'The model refused this input.'],
  rate_limited: [429, 'Too Many Requests', 'Too many requests: a limit was hit.'],
  budget_exceeded: [429, 'Too Many Requests', 'The token budget of the day is used up.'],
  internal_error: [500, 'Internal Server Error', 'Something went wrong on our side.'],
  model_failed: [502, 'Bad Gateway', 'The model did not give a usable answer.'],
  model_unavailable: [503, 'Service Unavailable', 'The model cannot be reached at the moment.'],
  cache_unavailable: [503, 'Service Unavailable', 'Conversations cannot be reached at the moment.'],
  database_unavailable: [503, 'Service Unavailable', 'The database cannot be reached at the moment.'],
  overloaded: [503, 'Service Unavailable', 'The service is at its limit at the moment.'],
  shutting_down: [503, 'Service Unavailable', 'The service is shutting down.'],
  model_timeout: [504, 'Gateway Timeout', 'The model did not answer in time.'],
};

/** Written down a second time. */
export const EXPECTED_SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
};

/** Every response has these, and shows nothing of what made it. */
export function expectFrame(
  response: ApiResponse,
  { llm = false, headers = {} }: { llm?: boolean; headers?: Readonly<Record<string, string>> } = {},
): void {
  expect(response.headers.get('x-request-id')).to.match(UUID);
  expect(response.headers.get('server-timing')).to.match(
    llm ? /^app;dur=\d+\.\d, llm;dur=\d+\.\d$/ : /^app;dur=\d+\.\d$/,
  );
  expect(response.headers.get('cache-control')).to.equal('no-store');
  for (const [name, value] of Object.entries({ ...EXPECTED_SECURITY_HEADERS, ...headers })) {
    expect(response.headers.get(name), name).to.equal(value);
  }
  expect(response.headers.has('x-powered-by')).to.equal(false);
  expect(response.headers.has('etag')).to.equal(false);
}

/** A whole answer: status, frame, media type and body. */
export function expectJson(
  response: ApiResponse,
  status: number,
  body: object,
  frame: { llm?: boolean } = {},
): void {
  expect({ status: response.status, body: response.body }).to.deep.equal({ status, body });
  expect(response.headers.get('content-type')).to.equal('application/json; charset=utf-8');
  expectFrame(response, frame);
}

export function expectNoContent(response: ApiResponse): void {
  expect({ status: response.status, text: response.text }).to.deep.equal({ status: 204, text: '' });
  expect(response.headers.has('content-type')).to.equal(false);
  expectFrame(response);
}

export interface ProblemDetails {
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  readonly llm?: boolean;
  readonly retryAfter?: string;
}

/** A whole error: status, headers that belong to it, media type and body. */
export function expectProblem(response: ApiResponse, code: ErrorCode, details: ProblemDetails = {}): void {
  const [status, title, sentence] = PROBLEMS[code];
  const { detail = sentence, errors, llm = false, retryAfter = status === 503 ? '1' : null } = details;
  const requestId = response.headers.get('x-request-id');
  expect({ status: response.status, body: response.body }).to.deep.equal({
    status,
    body: {
      type: `urn:fastwrap:error:${code}`,
      title,
      status,
      detail,
      code,
      requestId,
      ...(errors === undefined ? {} : { errors }),
    },
  });
  expect(response.headers.get('content-type')).to.equal('application/problem+json');
  expect(response.headers.get('retry-after')).to.equal(retryAfter);
  expect(response.headers.get('www-authenticate')).to.equal(
    status === 401 ? 'Bearer realm="fastwrap"' : null,
  );
  expectFrame(response, { llm });
}
