import { once } from 'node:events';
import { expect } from 'chai';
import type { Response } from 'express';
import { OpenRequests } from '#src/adapters/http/streaming/open-requests.js';
import { AppError } from '#src/domain/errors.js';
import { type ExpressServer, startExpressServer } from '#tests/support/fakes/express-server.js';

describe('OpenRequests', () => {
  let server: ExpressServer;
  let arrived: (response: Response) => void;
  let open: OpenRequests;

  before(async () => {
    server = await startExpressServer((request, response) => {
      request.resume();
      request.once('end', () => arrived(response));
    });
  });

  beforeEach(() => {
    open = new OpenRequests();
  });

  after(() => server.close());

  async function post(signal?: AbortSignal): Promise<{ response: Response; answered: Promise<unknown> }> {
    const response = new Promise<Response>((resolve) => {
      arrived = resolve;
    });
    const answered = fetch(server.url, { method: 'POST', body: 'hello', signal: signal ?? null });
    const outcome = answered.then((answer) => answer.text()).catch((error: Error) => error.name);
    return { response: await response, answered: outcome };
  }

  it('leaves the signal of an answered request alone, and forgets it', async () => {
    const { response, answered } = await post();
    const signal = open.signalOf(response, 'key');
    expect(open.size).to.equal(1);
    const closed = once(response, 'close');
    response.end('fine');
    await closed;
    expect(await answered).to.equal('fine');
    expect(signal.aborted).to.equal(false);
    expect(open.size).to.equal(0);
    open.abortAll(new AppError('shutting_down'));
    expect(signal.aborted).to.equal(false);
  });

  it('aborts when the caller has gone', async () => {
    const caller = new AbortController();
    const { response, answered } = await post(caller.signal);
    const signal = open.signalOf(response, 'key');
    const aborted = once(signal, 'abort');
    caller.abort();
    await aborted;
    expect(signal.reason).to.include({ name: 'AbortError' });
    expect(open.size).to.equal(0);
    expect(await answered).to.equal('AbortError');
  });

  it('has aborted already when the caller had gone before it was asked', async () => {
    const caller = new AbortController();
    const { response, answered } = await post(caller.signal);
    const closed = once(response, 'close');
    caller.abort();
    await closed;
    expect(open.signalOf(response, 'key').reason).to.include({ name: 'AbortError' });
    expect(open.size).to.equal(0);
    await answered;
  });

  it('ends those of one key alone, and names each key once', async () => {
    const reason = new AppError('unauthenticated');
    const requests = [await post(), await post(), await post()];
    const keys = ['first', 'second', 'first'];
    const signals = requests.map(({ response }, i) => open.signalOf(response, keys[i] ?? ''));
    expect(open.keyIds()).to.deep.equal(['first', 'second']);
    open.abortByKey('third', reason);
    open.abortByKey('first', reason);
    expect(signals.map((signal) => signal.reason)).to.deep.equal([reason, undefined, reason]);
    for (const { response } of requests) response.end();
    await Promise.all(requests.map(({ answered }) => answered));
  });

  it('ends all with one reason, and those that come later too', async () => {
    const reason = new AppError('shutting_down');
    const first = await post();
    const signal = open.signalOf(first.response, 'key');
    open.abortAll(reason);
    expect(signal.reason).to.equal(reason);
    first.response.end();
    const later = await post();
    expect(open.signalOf(later.response, 'key').reason).to.equal(reason);
    later.response.end();
    await Promise.all([first.answered, later.answered]);
  });
});
