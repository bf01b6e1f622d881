import { expect } from 'chai';
import { modelError } from '#src/adapters/langchain/llm-errors.js';
import { ProviderFailure } from '#src/adapters/langchain/transport/provider-failure.js';

type Case = readonly [facts: { status?: number; code?: string }, code: string, transient: boolean];

const CASES: readonly Case[] = [
  [{}, 'model_failed', false],
  [{ status: 307 }, 'model_failed', false],
  [{ status: 400 }, 'model_failed', false],
  [{ status: 400, code: 'context_too_long' }, 'model_rejected', false],
  [{ status: 400, code: 'content_filtered' }, 'model_rejected', false],
  [{ status: 401 }, 'model_failed', false],
  [{ status: 402 }, 'model_failed', false],
  [{ status: 403 }, 'model_failed', false],
  [{ status: 403, code: 'content_filtered' }, 'model_failed', false],
  [{ status: 404 }, 'model_failed', false],
  [{ status: 408 }, 'model_unavailable', true],
  [{ status: 413 }, 'model_rejected', false],
  [{ status: 413, code: 'context_too_long' }, 'model_rejected', false],
  [{ status: 422 }, 'model_failed', false],
  [{ status: 422, code: 'context_too_long' }, 'model_rejected', false],
  [{ status: 429 }, 'model_unavailable', true],
  [{ status: 429, code: 'quota_exhausted' }, 'model_failed', false],
  [{ status: 429, code: 'context_too_long' }, 'model_unavailable', true],
  [{ status: 500 }, 'model_failed', true],
  [{ status: 500, code: 'context_too_long' }, 'model_failed', true],
  [{ status: 501 }, 'model_failed', true],
  [{ status: 502 }, 'model_failed', true],
  [{ status: 503 }, 'model_unavailable', true],
  [{ status: 504 }, 'model_unavailable', true],
  [{ status: 520 }, 'model_unavailable', true],
  [{ status: 524 }, 'model_unavailable', true],
  [{ status: 529 }, 'model_unavailable', true],
  [{ code: 'ECONNREFUSED' }, 'model_unavailable', true],
  [{ code: 'ECONNRESET' }, 'model_unavailable', true],
  [{ code: 'EPIPE' }, 'model_unavailable', true],
  [{ code: 'ENOTFOUND' }, 'model_unavailable', true],
  [{ code: 'EAI_AGAIN' }, 'model_unavailable', true],
  [{ code: 'EHOSTUNREACH' }, 'model_unavailable', true],
  [{ code: 'ETIMEDOUT' }, 'model_unavailable', true],
  [{ code: 'UND_ERR_SOCKET' }, 'model_unavailable', true],
  [{ code: 'UND_ERR_CONNECT_TIMEOUT' }, 'model_unavailable', true],
  [{ code: 'UND_ERR_HEADERS_TIMEOUT' }, 'model_timeout', false],
  [{ code: 'CERT_HAS_EXPIRED' }, 'model_failed', false],
  [{ code: 'HPE_INVALID_CONSTANT' }, 'model_failed', false],
  [{ code: 'content_filter' }, 'model_rejected', false],
  [{ code: 'not_finished' }, 'model_failed', false],
  [{ code: 'no_text' }, 'model_failed', false],
];

describe('the table of model errors', () => {
  for (const [facts, code, transient] of CASES) {
    const what = [facts.status, facts.code].filter((part) => part !== undefined).join(' with ') || 'the rest';
    it(`takes ${what} for ${code}, which ${transient ? 'may pass' : 'lasts'}`, () => {
      const error = modelError(new ProviderFailure({ name: 'X', ...facts }));
      expect({ code: error.code, transient: error.transient }).to.deep.equal({ code, transient });
    });
  }

  it('passes Retry-After on with what is unavailable, and with nothing else', () => {
    const wait = (status: number) =>
      modelError(new ProviderFailure({ name: 'X', status, retryAfterSeconds: 7 })).retryAfterSeconds;
    expect([429, 503, 500, 401].map(wait)).to.deep.equal([7, 7, undefined, undefined]);
  });
});
