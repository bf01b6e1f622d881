import { hostname } from 'node:os';
import { expect } from 'chai';
import { TracedLlmGateway } from '#src/adapters/langsmith/traced-llm-gateway.js';
import { UuidV7Generator } from '#src/adapters/system/uuid-v7-generator.js';
import { AppError } from '#src/domain/errors.js';
import { prompt, rejection } from '#tests/contracts/llm-gateway.contract.js';
import { FakeLangSmith } from '#tests/support/fakes/fake-langsmith.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { ScriptedLlmGateway } from '#tests/support/fakes/scripted-llm-gateway.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

const CANARY = 'c4n4ry';

describe('a trace', () => {
  let langsmith: FakeLangSmith;
  let llm: ScriptedLlmGateway;
  let gateway: TracedLlmGateway;
  let lines: LogLine[];

  beforeEach(async () => {
    langsmith = await FakeLangSmith.start();
    llm = new ScriptedLlmGateway();
    lines = [];
    gateway = new TracedLlmGateway({
      gateway: llm,
      clock: new ManualClock(),
      ids: new UuidV7Generator(),
      logger: recordingLogger(lines),
      apiKey: 'key',
      endpoint: langsmith.endpoint,
      project: 'p',
    });
  });
  afterEach(async () => {
    await gateway.close();
    await langsmith.close();
  });

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
      llm.answer = () => {
        throw error();
      };
      await rejection(gateway.generate(prompt('m'), new AbortController().signal));
      const [run] = await langsmith.traced(1);
      expect(run?.['error']).to.equal(code);
      expect(JSON.stringify([langsmith.requests, lines])).not.to.contain(CANARY);
    });
  }

  it('says nothing of the machine and the process that it comes from', async () => {
    await gateway.generate(prompt('m'), new AbortController().signal);
    const [run] = await langsmith.traced(1);
    expect(Object.keys(run?.['extra'] ?? {})).to.deep.equal(['metadata']);
    for (const text of [hostname(), process.version, process.platform, process.cwd()]) {
      expect(JSON.stringify(langsmith.requests)).not.to.contain(text);
    }
  });
});
