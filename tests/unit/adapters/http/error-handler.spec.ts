import { once } from 'node:events';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { expect } from 'chai';
import type { RequestHandler, Response } from 'express';
import { errorHandler } from '#src/adapters/http/pipeline/errors/error-handler.js';
import { requestContext } from '#src/adapters/http/pipeline/request-context.js';
import { RoutePolicies } from '#src/adapters/http/pipeline/route-policies.js';
import { EventStream } from '#src/adapters/http/streaming/event-stream.js';
import { AppError, type AppErrorOptions, ERROR_CODES, invalidFields } from '#src/domain/errors.js';
import { type ExpressServer, startExpressServer } from '#tests/support/fakes/express-server.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { SseReader } from '#tests/support/fixtures/sse-reader.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

const HEADERS = { 'x-request-id': 'the-same-one' };

describe('errorHandler', () => {
  let server: ExpressServer | null = null;
  let logLines: LogLine[];

  beforeEach(() => {
    logLines = [];
  });

  afterEach(() => server?.close());

  async function serve(handler: RequestHandler): Promise<string> {
    const logger = recordingLogger(logLines);
    const frame = requestContext(new RoutePolicies(), new ManualClock(), logger);
    const framed: RequestHandler = (request, response, next) => {
      frame(request, response, () => handler(request, response, next));
    };
    await server?.close();
    server = await startExpressServer(framed, errorHandler(logger));
    return server.url;
  }

  const errors: readonly (readonly [string, () => unknown, object])[] = [
    [
      'an AppError',
      () => new AppError('model_failed', { cause: new Error('the provider said sk-123') }),
      { code: 'model_failed' },
    ],
    [
      'an AppError with fields',
      () => invalidFields({ field: 'message', message: 'must not be empty' }),
      { code: 'invalid_request', errors: [{ field: 'message', message: 'must not be empty' }] },
    ],
    ['anything else', () => new TypeError('undefined is no sk-123'), { code: 'internal_error' }],
    ['no error at all', () => 'sk-123', { code: 'internal_error' }],
  ];

  for (const [name, make, expected] of errors) {
    it(`sends ${name} as the last event with the body that it has over plain HTTP`, async () => {
      const plain = await fetch(await serve((_request, _response, next) => next(make())), {
        headers: HEADERS,
      });
      expect(plain.headers.get('content-type')).to.equal('application/problem+json');
      const problem = await plain.json();
      expect(problem).to.include({ status: plain.status, requestId: 'the-same-one' });
      expect(problem).to.deep.include(expected);

      const url = await serve(async (_request, response, next) => {
        await new EventStream(response).send('turn', {});
        next(make());
      });
      const reader = await SseReader.open(url, { headers: HEADERS });
      expect(await reader.rest()).to.deep.equal([
        { event: 'turn', data: {} },
        { event: 'error', data: problem },
      ]);
      expect(reader.status).to.equal(200);
      expect(reader.isWhole).to.equal(true);
      expect(reader.text).not.to.contain('sk-123');
    });
  }

  it('logs each failure of ours, and no line more for what is refused because there is too much of it', async () => {
    for (const code of [
      'internal_error',
      'overloaded',
      'shutting_down',
      'model_failed',
      'unauthenticated',
    ] as const) {
      await fetch(await serve((_request, _response, next) => next(new AppError(code))));
    }
    const failures = logLines.filter(({ message }) => message === 'request failed');
    expect(failures.map(({ level, fields }) => [level, fields['code']])).to.deep.equal([
      ['error', 'internal_error'],
      ['error', 'model_failed'],
    ]);
  });

  it('gives a stack to a defect alone, and to what happens to every service one line that says why', async () => {
    const cause = new Error('no answer within 250 ms');
    const ordinary = [
      'cache_unavailable',
      'database_unavailable',
      'model_unavailable',
      'model_failed',
    ] as const;
    for (const code of [...ordinary, 'internal_error'] as const) {
      await fetch(await serve((_request, _response, next) => next(new AppError(code, { cause }))));
    }
    const failures = logLines.filter(({ message }) => message === 'request failed');
    expect(failures.map(({ fields: { requestId: _, ...fields } }) => fields)).to.deep.equal([
      ...ordinary.map((code) => ({ code, reason: cause.message })),
      { code: 'internal_error', err: cause },
    ]);
  });

  it('survives a second error, and sends the first alone', async () => {
    const handle = errorHandler(recordingLogger([]));
    const url = await serve(async (request, response, next) => {
      const stream = new EventStream(response);
      await stream.send('turn', {});
      handle(new AppError('model_timeout'), request, response, next);
      handle(new AppError('internal_error'), request, response, next);
      await stream.send('delta', { text: 'late' });
      stream.end('done', {});
    });
    const reader = await SseReader.open(url);
    expect((await reader.rest()).map(({ event, data }) => [event, data.code])).to.deep.equal([
      ['turn', undefined],
      ['error', 'model_timeout'],
    ]);
    expect(reader.isWhole).to.equal(true);
  });

  it('survives a connection that is gone, and sends nothing', async () => {
    let outcome: Promise<unknown> = Promise.reject(new Error('no request came'));
    outcome.catch(() => undefined);
    const url = await serve(async (_request, response, next) => {
      const stream = new EventStream(response);
      await stream.send('turn', {});
      outcome = once(response, 'close').then(() => next(new AppError('model_failed')));
      response.socket?.resetAndDestroy();
    });
    const reader = await SseReader.open(url).catch(() => null);
    await reader?.closed;
    await outcome;
    expect(logLines.map(({ message }) => message)).to.deep.equal(['request']);
    expect(logLines[0]?.fields['aborted']).to.equal(true);
  });

  for (const code of ERROR_CODES) {
    const isUnavailable = new AppError(code).kind === 'unavailable';
    const asks = async (options: AppErrorOptions) => {
      const url = await serve((_request, _response, next) => next(new AppError(code, options)));
      return (await fetch(url)).headers.get('retry-after');
    };

    it(`${code} asks for ${isUnavailable ? 'a second' : 'no wait'} by itself, for the wait that it was made with, or for none`, async () => {
      expect(await asks({})).to.equal(isUnavailable ? '1' : null);
      expect(await asks({ retryAfterSeconds: 7 })).to.equal('7');
      expect(await asks({ retryAfterSeconds: null })).to.equal(null);
    });
  }

  it('keeps nothing that the failed handler has said of its own answer', async () => {
    const url = await serve((_request, response, next) => {
      response.set({
        'Cache-Control': 'public, max-age=3600',
        'Content-Encoding': 'gzip',
        'Content-Disposition': 'attachment',
        'Content-Language': 'en',
        'Content-Length': '3',
        'Content-Range': 'bytes 0-2/3',
        'Content-Type': 'text/css',
        ETag: '"a"',
        Expires: 'Sat, 28 Nov 2026 00:00:00 GMT',
        'Last-Modified': 'Sat, 28 Nov 2026 00:00:00 GMT',
        Location: '/elsewhere',
      });
      next(new Error('the disk is gone'));
    });
    const response = await fetch(url);
    expect(await response.json()).to.include({ code: 'internal_error' });
    const { connection, date, 'keep-alive': _, ...said } = Object.fromEntries(response.headers);
    expect([connection, date]).not.to.include(undefined);
    expect(Object.keys(said).sort()).to.deep.equal([
      'cache-control',
      'content-length',
      'content-type',
      'server-timing',
      'x-powered-by',
      'x-request-id',
    ]);
    expect(said).to.include({ 'cache-control': 'no-store', 'content-type': 'application/problem+json' });
  });

  it('cuts an answer that is under way and no stream', async () => {
    const url = await serve((_request, response: Response, next) => {
      response.write('{"half":');
      next(new AppError('internal_error'));
    });
    const outcome = await fetch(url)
      .then((response) => response.text())
      .catch((error: Error) => error.name);
    expect(outcome).to.equal('TypeError');
  });

  it('marks a reader that was dropped as one that has not got everything', async () => {
    const url = await serve((_request, response) => {
      void new EventStream(response, { stallMs: 50 }).send('delta', { text: 'x'.repeat(16 * 1024 * 1024) });
    });
    const reader = await SseReader.open(url);
    reader.pause();
    while (logLines.length === 0) await turnOfTheLoop();
    expect(logLines[0]?.fields).to.include({ status: 200, aborted: true });
    reader.resume();
    await reader.closed;
    expect(reader.isWhole).to.equal(false);
  });
});
