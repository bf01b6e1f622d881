import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { DroppedTraces } from '#src/adapters/langsmith/dropped-traces.js';
import { TraceFailure } from '#src/adapters/langsmith/trace-failure.js';
import { type TraceBounds, TraceQueue, type TraceSink } from '#src/adapters/langsmith/trace-queue.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';
import { finishedCall } from './finished-calls.js';

/** A sink that notes the ids of each batch and follows its script. */
class RecordingSink implements TraceSink {
  readonly #answer: (batch: number, signal: AbortSignal) => Promise<void>;
  readonly batches: string[][] = [];
  readonly #events = new EventEmitter();

  constructor(answer: (batch: number, signal: AbortSignal) => Promise<void>) {
    this.#answer = answer;
  }

  async send(calls: Parameters<TraceSink['send']>[0], signal: AbortSignal): Promise<void> {
    this.batches.push(calls.map(({ id }) => id));
    this.#events.emit('batch');
    await this.#answer(this.batches.length, signal);
  }

  async sent(batches: number): Promise<void> {
    while (this.batches.length < batches) await once(this.#events, 'batch');
  }
}

const take = async () => undefined;
const refuse = (status: number | null) => async () => {
  throw new TraceFailure({ status, code: null });
};
const hang = (_batch: number, signal: AbortSignal) =>
  new Promise<void>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });

describe('TraceQueue', () => {
  let lines: LogLine[];
  let clock: ManualClock;

  beforeEach(() => {
    lines = [];
    clock = new ManualClock();
  });

  const open = (
    answer: ConstructorParameters<typeof RecordingSink>[0],
    bounds: Partial<TraceBounds> = {},
  ) => {
    const sink = new RecordingSink(answer);
    const dropped = new DroppedTraces(clock, recordingLogger(lines));
    const quick = { gatherMs: 1, pauseMs: 1, ...bounds };
    return { sink, queue: new TraceQueue({ sink, dropped, bounds: quick }) };
  };
  const ids = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

  it('sends what was added, in order, at most 100 at a time', async () => {
    const { sink, queue } = open(take);
    for (const id of ids(1, 250)) queue.add(finishedCall(id));
    await sink.sent(3);
    await queue.close(1000);
    expect(sink.batches).to.deep.equal([ids(1, 100), ids(101, 200), ids(201, 250)]);
    expect(lines).to.deep.equal([]);
  });

  it('sends at most a mebibyte at a time, and a larger call by itself', async () => {
    const { sink, queue } = open(take);
    const characters = [300_000, 100_000, 800_000, 10];
    characters.forEach((length, index) => void queue.add(finishedCall(String(index), length)));
    await sink.sent(3);
    await queue.close(1000);
    expect(sink.batches).to.deep.equal([['0', '1'], ['2'], ['3']]);
  });

  it('takes up its work again after it had nothing to do', async () => {
    const { sink, queue } = open(take);
    queue.add(finishedCall('1'));
    await sink.sent(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    queue.add(finishedCall('2'));
    await sink.sent(2);
    await queue.close(1000);
    expect(sink.batches).to.deep.equal([['1'], ['2']]);
  });

  it('keeps no more calls than its bound, and drops the newest', async () => {
    const { sink, queue } = open(take, { maxCalls: 3 });
    for (const id of ids(1, 5)) queue.add(finishedCall(id));
    await queue.close(1000);
    expect(sink.batches).to.deep.equal([['1', '2', '3']]);
    const warnings = lines.map(({ level, fields }) => ({ level, ...fields }));
    expect(warnings).to.deep.equal([
      { level: 'warn', dropped: 1, reason: 'queue_full' },
      { level: 'warn', dropped: 1, reason: 'queue_full' },
    ]);
  });

  it('keeps no more bytes than its bound, what is being sent included', async () => {
    const { sink, queue } = open(hang, { maxBytes: 50_000 });
    queue.add(finishedCall('1', 10_000));
    await sink.sent(1);
    queue.add(finishedCall('2', 10_000));
    queue.add(finishedCall('3', 10_000));
    await queue.close(1);
    expect(lines.map(({ fields }) => fields)).to.deep.include.members([{ dropped: 1, reason: 'queue_full' }]);
  });

  it('has room again for as much as was sent', async () => {
    const { sink, queue } = open(take, { maxBytes: 25_000 });
    for (const id of ids(1, 20)) {
      queue.add(finishedCall(id, 10_000));
      await sink.sent(Number(id));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await queue.close(1000);
    expect(sink.batches.flat()).to.deep.equal(ids(1, 20));
  });

  for (const [title, status, tries] of [
    ['tries three times when there is no answer', null, 3],
    ['tries three times at 503', 503, 3],
    ['tries three times at 429', 429, 3],
    ['does not try again what is refused for good', 401, 1],
  ] as const) {
    it(`${title}, then drops the batch and goes on`, async () => {
      const { sink, queue } = open(async (batch) => {
        if (batch <= tries) await refuse(status)();
      });
      queue.add(finishedCall('1'));
      await sink.sent(tries);
      while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
      queue.add(finishedCall('2'));
      await sink.sent(tries + 1);
      await queue.close(1000);
      expect(sink.batches).to.deep.equal([...Array.from({ length: tries }, () => ['1']), ['2']]);
      expect(lines.map(({ fields }) => fields)).to.deep.equal([
        { dropped: 1, reason: 'not_taken', status, code: null },
      ]);
    });
  }

  it('gives a try that hangs up, and says so', async () => {
    const { sink, queue } = open(hang, { sendMs: 5 });
    queue.add(finishedCall('1'));
    await sink.sent(3);
    while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await queue.close(1000);
    expect(lines[0]?.fields).to.deep.equal({
      dropped: 1,
      reason: 'not_taken',
      status: null,
      code: 'ETIMEDOUT',
    });
  });

  it('warns once a minute, with everything that was dropped in between', () => {
    const dropped = new DroppedTraces(clock, recordingLogger(lines));
    for (let i = 0; i < 1000; i += 1) dropped.count(1, { reason: 'queue_full' });
    expect(lines).to.have.length(1);
    clock.advance(59_999);
    dropped.count(1, { reason: 'queue_full' });
    expect(lines).to.have.length(1);
    clock.advance(1);
    dropped.count(1, { reason: 'queue_full' });
    expect(lines.map(({ fields }) => fields['dropped'])).to.deep.equal([1, 1001]);
  });

  it('sends at its closing what it was still gathering, and takes no more', async () => {
    const { sink, queue } = open(take, { gatherMs: 1_000_000 });
    for (const id of ids(1, 150)) queue.add(finishedCall(id));
    await queue.close(1000);
    expect(sink.batches).to.deep.equal([ids(1, 100), ids(101, 150)]);
    queue.add(finishedCall('late'));
    expect(sink.batches).to.have.length(2);
    expect(lines.at(-1)?.fields).to.deep.equal({ dropped: 1, reason: 'closing' });
  });

  it('is closed at the deadline when nobody answers, and drops what is left', async () => {
    const { sink, queue } = open(hang, { gatherMs: 1_000_000 });
    for (const id of ids(1, 250)) queue.add(finishedCall(id));
    const startedAt = performance.now();
    await queue.close(50);
    expect(performance.now() - startedAt).to.be.at.least(45);
    expect(sink.batches).to.have.length(1);
    const dropped = lines.reduce((sum, { fields }) => sum + Number(fields['dropped']), 0);
    expect(dropped).to.equal(250);
  });

  it('does not wait at its closing to try again', async () => {
    const { sink, queue } = open(refuse(503), { pauseMs: 1_000_000 });
    queue.add(finishedCall('1'));
    await sink.sent(1);
    await queue.close(10_000);
    expect(sink.batches).to.have.length(1);
  });
});
