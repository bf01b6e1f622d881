import { hostname } from 'node:os';
import { expect } from 'chai';
import { LangSmithTurnObserver } from '#src/adapters/langsmith/langsmith-turn-observer.js';
import { UuidV7Generator } from '#src/adapters/system/uuid-v7-generator.js';
import { TurnObservers } from '#src/application/chat/turn-observers.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { prompt, rejection } from '#tests/contracts/llm-gateway.contract.js';
import { FakeLangSmith } from '#tests/support/fakes/fake-langsmith.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { GOOD_DAY } from '#tests/support/fakes/scripted-llm-gateway.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

const CANARY = 'c4n4ry';

describe('a trace', () => {
  let langsmith: FakeLangSmith;
  let observer: LangSmithTurnObserver;
  let lines: LogLine[];

  beforeEach(async () => {
    langsmith = await FakeLangSmith.start();
    lines = [];
    observer = new LangSmithTurnObserver({
      clock: new ManualClock(),
      ids: new UuidV7Generator(),
      logger: recordingLogger(lines),
      apiKey: 'key',
      endpoint: langsmith.endpoint,
      project: 'p',
    });
  });
  afterEach(async () => {
    await observer.close();
    await langsmith.close();
  });

  const turn = async (answer: () => Completion): Promise<void> => {
    const observers = new TurnObservers({
      observers: [observer],
      clock: new ManualClock(),
      logger: recordingLogger(lines),
    });
    const { signal } = new AbortController();
    const report = observers.open({ clientId: 'a', turnId: 't', conversationId: 'c', characterId: 'b' });
    try {
      const completion = await report.measure({ prompt: prompt('m'), streamed: false, signal }, async () =>
        answer(),
      );
      report.completed({ status: 'completed', completedAt: '2026-01-01T00:00:00.000Z', ...completion });
    } catch (error) {
      report.failed(error, signal);
      throw error;
    }
  };

  for (const [what, error, code] of [
    ['nobody foresaw', () => new TypeError(CANARY), 'internal_error'],
    ['is no error', () => CANARY, 'internal_error'],
    [
      'has words of the provider inside',
      () => new AppError('model_failed', { detail: CANARY, cause: new Error(CANARY) }),
      'model_failed',
    ],
  ] as const) {
    it(`has our code for a failure that ${what}, and none of its text`, async () => {
      await rejection(
        turn(() => {
          throw error();
        }),
      );
      const [run] = await langsmith.traced(1);
      expect(run?.['error']).to.equal(code);
      expect(JSON.stringify([langsmith.requests, lines])).not.to.contain(CANARY);
    });
  }

  it('says nothing of the machine and the process that it comes from', async () => {
    await turn(() => GOOD_DAY);
    const [run] = await langsmith.traced(1);
    expect(Object.keys(run?.['extra'] ?? {})).to.deep.equal(['metadata']);
    for (const text of [hostname(), process.version, process.platform, process.cwd()]) {
      expect(JSON.stringify(langsmith.requests)).not.to.contain(text);
    }
  });
});
