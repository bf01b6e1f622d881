import { inspect } from 'node:util';
import { expect } from 'chai';
import { toModelError } from '#src/adapters/langchain/llm-errors.js';
import {
  assertNoErrorBody,
  errorFromResponse,
  ProviderFailure,
  parseRetryAfter,
} from '#src/adapters/langchain/transport/provider-failure.js';
import { AppError } from '#src/domain/errors.js';

describe('parseRetryAfter', () => {
  const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
  for (const [header, seconds] of [
    ['1', 1],
    ['30', 30],
    ['0.2', 1],
    ['3600', 3600],
    ['3601', 3600],
    ['86400', 3600],
    ['Infinity', 3600],
    ['0', undefined],
    ['-5', undefined],
    ['', undefined],
    ['  ', undefined],
    ['soon', undefined],
    [null, undefined],
    ['Thu, 01 Jan 2026 00:00:45 GMT', 45],
    ['Wed, 31 Dec 2025 23:59:00 GMT', undefined],
    ['Thu, 01 Jan 2026 02:00:00 GMT', 3600],
  ] as const) {
    it(`reads ${JSON.stringify(header)} as ${seconds ?? 'nothing'}`, () => {
      expect(parseRetryAfter(header, date)).to.equal(seconds);
    });
  }

  it('reads no date out of a response that does not say when it was sent', () => {
    expect(parseRetryAfter(date, null)).to.equal(undefined);
    expect(parseRetryAfter('7', null)).to.equal(7);
  });
});

describe('errorFromResponse', () => {
  for (const [body, code] of [
    ['{"error":{"code":"context_length_exceeded"}}', 'context_too_long'],
    ['{"message":"This model\'s maximum context length is 4096 tokens."}', 'context_too_long'],
    [
      '{"error":{"type":"exceed_context_size_error","message":"exceeds the available context size"}}',
      'context_too_long',
    ],
    ['{"error":{"message":"prompt is too long: 210000 tokens"}}', 'context_too_long'],
    [
      '{"error":{"code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}',
      'content_filtered',
    ],
    ['{"error":{"code":"insufficient_quota"}}', 'quota_exhausted'],
    ['{"error":{"code":"invalid_value","message":"Bad temperature"}}', undefined],
    ['not json', undefined],
  ] as const) {
    it(`takes ${body} for ${code ?? 'nothing special'}`, async () => {
      expect((await errorFromResponse(new Response(body, { status: 400 }))).code).to.equal(code);
    });
  }

  it('finds the reason of an error response at any depth, and nothing in what it sends back', async () => {
    const levels = 20_000;
    const nested = (text: string) => `${'['.repeat(levels)}"${text}"${']'.repeat(levels)}`;
    const echo = `"request":{"message":"maximum context"}`;
    const read = async (body: string) => (await errorFromResponse(new Response(body, { status: 400 }))).code;
    expect(await read(`{"error":[[[{"message":"maximum context"}]]],${echo}}`)).to.equal('context_too_long');
    expect(await read(`{"error":"no",${echo}}`)).to.equal(undefined);
    // Deeper than any error response: it is not taken for text, in which the echo would count.
    expect(await read(`{"error":${nested('no')},${echo}}`)).to.equal(undefined);
  });

  it('reads no more than the beginning of an endless body', async () => {
    let pulls = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulls += 1;
        controller.enqueue(new Uint8Array(1024).fill(65));
      },
    });
    expect(await errorFromResponse(new Response(body, { status: 500 }))).to.include({ status: 500 });
    expect(pulls).to.be.lessThan(70);
  });
});

describe('an error under a status of 200', () => {
  for (const [error, code, transient] of [
    [{ message: 'Rate limit reached', type: 'rate_limit_error' }, 'model_unavailable', true],
    [{ message: 'No.', code: 429 }, 'model_unavailable', true],
    [{ type: 'overloaded_error', message: 'Overloaded' }, 'model_unavailable', true],
    [{ type: 'server_error', message: 'The server had an error' }, 'model_failed', true],
    [{ code: 'insufficient_quota', message: 'You exceeded your current quota' }, 'model_failed', false],
    [{ code: 'context_length_exceeded', message: 'No.' }, 'model_rejected', false],
    [{ code: 'content_filter', message: 'No.' }, 'model_rejected', false],
    [{ code: 401, message: 'Incorrect API key provided: sk-secret' }, 'model_failed', false],
    ['something odd', 'model_failed', false],
  ] as const) {
    it(`means ${code} when it says ${JSON.stringify(error)}`, () => {
      let thrown: unknown;
      try {
        assertNoErrorBody({ error });
      } catch (failure) {
        thrown = failure;
      }
      expect(thrown).to.be.instanceOf(ProviderFailure);
      expect(toModelError(thrown)).to.include({ code, transient });
      expect(inspect(toModelError(thrown), { showHidden: true, depth: 10 })).to.not.include('secret');
    });
  }

  for (const answer of [{ choices: [] }, { error: null }, null, 'error', 7, []]) {
    it(`is not found in ${JSON.stringify(answer)}`, () => assertNoErrorBody(answer));
  }
});

describe('toModelError', () => {
  it('leaves an AppError alone', () => {
    const error = new AppError('model_timeout');
    expect(toModelError(error)).to.equal(error);
  });

  it('finds the failure at the bottom of what a client wrapped around it', () => {
    const failure = new ProviderFailure({ name: 'ProviderError', status: 429, retryAfterSeconds: 9 });
    const error = toModelError(new Error('secret', { cause: new Error('secret', { cause: failure }) }));
    expect(error).to.include({ code: 'model_unavailable', retryAfterSeconds: 9, cause: failure });
  });

  for (const [code, expected] of [
    ['ECONNREFUSED', 'model_unavailable'],
    ['ENOTFOUND', 'model_unavailable'],
    ['ECONNRESET', 'model_unavailable'],
    ['UND_ERR_CONNECT_TIMEOUT', 'model_unavailable'],
    ['UND_ERR_HEADERS_TIMEOUT', 'model_timeout'],
    ['HPE_INVALID_CONSTANT', 'model_failed'],
  ] as const) {
    it(`answers ${expected} to ${code}`, () => {
      const error = toModelError(
        new TypeError('secret', { cause: Object.assign(new Error('secret'), { code }) }),
      );
      expect(error.code).to.equal(expected);
      expect(error.cause).to.include({ name: 'TypeError', code });
      expect(inspect(error, { showHidden: true, depth: 10 })).to.not.include('secret');
    });
  }

  it('keeps nothing of what is thrown that is no error, or says too much in its code', () => {
    expect(inspect(toModelError('secret'))).to.not.include('secret');
    expect(inspect(toModelError(Object.assign(new Error(), { code: 'sk-secret' })))).to.not.include('secret');
  });
});
