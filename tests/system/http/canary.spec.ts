import { inspect } from 'node:util';
import { expect } from 'chai';
import type { Logger } from '#src/application/ports/system/logger.js';
import { Application } from '#src/infrastructure/application.js';
import { readConfig } from '#src/infrastructure/config/read-config.js';
import { createLogger } from '#src/infrastructure/create-logger.js';
import { FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import { Canaries, makeCanary } from '#tests/support/fixtures/canaries.js';
import { CanaryDrive, TURNS_DRIVEN } from '#tests/support/fixtures/canary-drive.js';

describe('a secret', () => {
  let upstream: FakeOpenAi;
  let drive: CanaryDrive;

  beforeEach(async () => {
    upstream = await FakeOpenAi.start();
    drive = new CanaryDrive(upstream);
  });

  afterEach(() => upstream.close());

  it('is found by its parts, so that the rest of this page means something', () => {
    const canaries = new Canaries();
    const secret = canaries.make('it');
    expect(canaries.in(`sk-***${secret.slice(-8)}`)).to.deep.equal(['it']);
    expect(canaries.in(JSON.stringify({ a: [inspect(new Error(secret))] }))).to.deep.equal(['it']);
    expect(canaries.in(makeCanary())).to.deep.equal([]);
  });

  it('is in no log line of level info and above, as it is written or as it is handed over, and in no error', async () => {
    const lines: string[] = [];
    const pino = createLogger('info', { write: (line: string) => void lines.push(line) });
    const keep =
      (level: 'info' | 'warn' | 'error'): Logger['info'] =>
      (fields, message) => {
        lines.push(inspect(fields, { depth: null, showHidden: true }));
        pino[level](fields, message);
      };
    const logger: Logger = {
      debug: () => undefined,
      info: keep('info'),
      warn: keep('warn'),
      error: keep('error'),
    };
    const application = await Application.start(readConfig(drive.environment), logger);
    try {
      await drive.run(application.url);
    } finally {
      await application.stop();
    }
    expect(lines.filter((line) => line.includes('"request failed"')).length).to.be.at.least(20);
    expect(lines.filter((line) => line.includes('"turn"')).length).to.be.at.least(TURNS_DRIVEN);
    expect(lines.filter((line) => drive.canaries.in(line).length > 0)).to.deep.equal([]);
    drive.expectDiscretion();
  });
});
