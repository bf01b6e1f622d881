import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { LangSmithTurnObserver } from '#src/adapters/langsmith/langsmith-turn-observer.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import { UuidV7Generator } from '#src/adapters/system/uuid-v7-generator.js';
import type { Prompt } from '#src/application/ports/chat/llm-gateway.js';
import type { TurnEvent } from '#src/application/ports/chat/turn-observer.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import { prompt } from '#tests/contracts/llm-gateway.contract.js';
import { accept, FakeLangSmith, ignoreRuns, refuseRuns } from '#tests/support/fakes/fake-langsmith.js';
import { FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import {
  type LogLine,
  recordingLogger,
  startTestApp,
  type TestApp,
} from '#tests/support/fixtures/test-app.js';

const KEY = 'lsv2_canary_key';
const CANARY = 'canary-of-the-prompt';
const TURNS = 40;

/** How the other side may fare; each prepares it and returns the address that the service calls. */
const AILMENTS: readonly [string, (langsmith: FakeLangSmith) => Promise<void> | void][] = [
  ['dead', (langsmith) => langsmith.close()],
  [
    'hanging',
    (langsmith) => {
      langsmith.behaviour = ignoreRuns();
    },
  ],
  [
    'failing',
    (langsmith) => {
      langsmith.behaviour = refuseRuns(500, `you sent ${KEY} and ${CANARY}`);
    },
  ],
  [
    'refusing the key',
    (langsmith) => {
      langsmith.behaviour = refuseRuns(401, `you sent ${KEY} and ${CANARY}`);
    },
  ],
  [
    'slow',
    (langsmith) => {
      langsmith.behaviour = (response) => void setTimeout(() => accept()(response), 400);
    },
  ],
];

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

describe('an unwell LangSmith', () => {
  let upstream: FakeOpenAi;
  let langsmith: FakeLangSmith;
  let app: TestApp | null;

  beforeEach(async () => {
    [upstream, langsmith] = await Promise.all([FakeOpenAi.start(), FakeLangSmith.start()]);
    app = null;
  });
  afterEach(async () => {
    await app?.stop();
    await Promise.all([upstream.close(), langsmith.close()]);
  });

  const start = async (env: Record<string, string>) => {
    app = await startTestApp({
      env: {
        MODEL: 'some-model',
        MODEL_PROVIDER: 'openai-compatible',
        MODEL_BASE_URL: upstream.baseUrl,
        LIMIT_CHAT_PER_MINUTE: '0',
        ...env,
      },
    });
    return app;
  };
  const traced = () => ({ LANGCHAIN_API_KEY: KEY, TRACING_ENDPOINT: langsmith.endpoint });

  /** Wall times of turns, every other one streamed. */
  const takeTurns = async ({ url }: TestApp): Promise<number[]> => {
    const client = await new ApiClient(url).signUp();
    const characterId = await client.createCharacter();
    const times: number[] = [];
    for (let turn = -5; turn < TURNS; turn += 1) {
      const startedAt = performance.now();
      const stream = turn % 2 === 0;
      const { status } = await client.post('/api/chat', { characterId, message: CANARY, stream });
      expect(status).to.equal(200);
      if (turn >= 0) times.push(performance.now() - startedAt);
    }
    return times;
  };

  for (const [title, fallIll] of AILMENTS) {
    it(`delays no turn, no shutdown, and logs no secret when it is ${title}`, async () => {
      const untraced = await takeTurns(await start({}));
      await app?.stop();
      await fallIll(langsmith);
      const running = await start(traced());
      const times = await takeTurns(running);
      expect(median(times), 'median').to.be.below(median(untraced) + 10);
      expect(Math.max(...times), 'slowest').to.be.below(300);
      const stoppingAt = performance.now();
      await running.stop();
      expect(performance.now() - stoppingAt, 'shutdown').to.be.below(2500);
      expect(JSON.stringify(running.logLines)).not.to.match(/canary/);
      const warnings = running.logLines.filter(({ message }) => message.startsWith('traces'));
      expect(warnings.length).to.be.within(title === 'slow' ? 0 : 1, title === 'slow' ? 0 : 2);
    });
  }

  it('holds a bounded part of 5,000 turns that it never takes', async () => {
    langsmith.behaviour = ignoreRuns();
    const collect = collector();
    const completion: Completion = {
      reply: { content: 'Good day.', finishReason: 'stop' },
      model: 'some-model',
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false },
    };
    const lines: LogLine[] = [];
    const observer = new LangSmithTurnObserver({
      clock: new SystemClock(),
      ids: new UuidV7Generator(),
      logger: recordingLogger(lines),
      apiKey: KEY,
      endpoint: langsmith.endpoint,
      project: 'p',
    });
    const turn = (index: number) => {
      const message = Buffer.alloc(32_768, String(index)).toString('latin1');
      observer.observe(endedTurn({ prompt: prompt('m', { message }), completion }));
    };
    turn(0);
    await langsmith.received(1);
    const before = collect();
    for (let index = 1; index < 5000; index += 1) turn(index);
    const grown = collect() - before;
    expect(grown / 2 ** 20).to.be.below(24);
    const closingAt = performance.now();
    await observer.close();
    expect(performance.now() - closingAt).to.be.within(1900, 2500);
    const dropped = lines.reduce((sum, { fields }) => sum + Number(fields['dropped']), 0);
    expect(dropped).to.equal(5000);
    expect(lines).to.have.length(2);
  });
});

function endedTurn({ prompt: asked, completion }: { prompt: Prompt; completion: Completion }): TurnEvent {
  return {
    kind: 'ended',
    turn: { clientId: 'a', turnId: 't', conversationId: 'c', characterId: 'b' },
    outcome: { status: 'completed', completedAt: '2026-01-01T00:00:00.000Z', ...completion },
    call: {
      prompt: asked,
      streamed: false,
      startedAt: 0,
      firstTokenAt: null,
      endedAt: 1,
      outcome: { kind: 'completed', completion },
    },
  };
}

/** Collects garbage and gives what is left, in bytes. */
function collector(): () => number {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof gc !== 'function') throw new Error('no garbage collector to call');
  return () => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
}
