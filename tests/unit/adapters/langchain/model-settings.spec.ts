import { expect } from 'chai';
import { modelError } from '#src/adapters/langchain/llm-errors.js';
import { ModelSettings, type ModelSettingsOptions } from '#src/adapters/langchain/model-settings.js';
import { ProviderFailure } from '#src/adapters/langchain/transport/provider-failure.js';
import { AppError } from '#src/domain/errors.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

describe('ModelSettings', () => {
  let lines: LogLine[];
  let clock: ManualClock;
  let settings: ModelSettings;

  const start = (changes: Partial<ModelSettingsOptions> = {}) => {
    lines = [];
    clock = new ManualClock();
    const logger = recordingLogger(lines);
    settings = new ModelSettings({
      provider: 'openai',
      variables: 'MODEL',
      model: 'm',
      clock,
      logger,
      ...changes,
    });
  };
  const failure = (status: number, code?: string) =>
    modelError(new ProviderFailure({ name: 'ProviderError', status, code }));
  const reported = () =>
    lines.map(({ fields: { setting, status }, message }) => [status, setting, message.split(' ').at(-1)]);

  beforeEach(() => start());

  for (const [what, model, error, line, isRefused] of [
    ['a key that is refused', 'm', failure(401), [401, 'MODEL_KEY', 'key'], true],
    ['a key that may not use the model', 'm', failure(403), [403, 'MODEL_KEY', 'model'], true],
    ['a name that is unknown', 'm', failure(404), [404, 'MODEL', 'model'], true],
    ['a name in other words', 'm', failure(400, 'model_unknown'), [400, 'MODEL', 'model'], true],
    ['a further name', 'n', failure(404), [404, 'MODEL_ALLOWED', 'model'], true],
    ['a quota', 'm', failure(429, 'quota_exhausted'), [429, 'MODEL_KEY', 'up'], false],
    ['an account without money', 'm', failure(402), [402, 'MODEL_KEY', 'up'], false],
  ] as const) {
    it(`names ${what}, and where to look`, () => {
      settings.failed(model, error);
      expect(reported()).to.deep.equal([line]);
      expect(lines[0]).to.deep.include({ level: 'error' });
      expect(lines[0]?.fields).to.include({ model, provider: 'openai' });
      expect(settings.isRefused(model)).to.equal(isRefused);
    });
  }

  it('says nothing of what passes, of callers who go, and of what models refuse', () => {
    const errors = [
      failure(429),
      failure(503),
      failure(400),
      failure(403, 'content_filtered'),
      new AppError('model_timeout'),
      new Error('gone'),
    ];
    for (const error of errors) settings.failed('m', error);
    expect(lines).to.deep.equal([]);
    expect(settings.isRefused('m')).to.equal(false);
  });

  it('leaves the other models alone where the key may not use one', () => {
    settings.failed('m', failure(403));
    expect([settings.isRefused('m'), settings.isRefused('n')]).to.deep.equal([true, false]);
    settings.answered('n');
    expect(settings.isRefused('m')).to.equal(true);
  });

  it('makes no flood of lines of a flood of failing turns', () => {
    for (let turn = 0; turn < 1000; turn += 1) settings.failed('m', failure(401));
    clock.advance(59_999);
    settings.failed('m', failure(401));
    settings.failed('m', failure(404));
    expect(lines).to.have.length(2);
    clock.advance(1);
    settings.failed('m', failure(401));
    expect(lines).to.have.length(3);
  });

  it('forgets the mistake with the first answer: the key for all models, a name for itself', () => {
    settings.failed('m', failure(404));
    settings.failed('n', failure(404));
    settings.failed('n', failure(401));
    settings.answered('n');
    expect(settings.isRefused('n')).to.equal(false);
    expect(settings.isRefused('m')).to.equal(true);
    settings.answered('m');
    expect(settings.isRefused('m')).to.equal(false);
  });

  it('points to the address, too, where the operator has named one, and to the fallback', () => {
    start({ provider: 'openai-compatible', variables: 'MODEL_FALLBACK' });
    settings.failed('m', failure(404));
    settings.failed('m', failure(401));
    expect(reported().map(([, setting]) => setting)).to.deep.equal([
      'MODEL_FALLBACK, MODEL_FALLBACK_BASE_URL',
      'MODEL_FALLBACK_KEY',
    ]);
  });
});
