import { inspect } from 'node:util';
import { expect } from 'chai';
import type { Logger } from '#src/application/ports/system/logger.js';
import { Application } from '#src/infrastructure/application.js';
import { readConfig } from '#src/infrastructure/config/read-config.js';
import { createLogger } from '#src/infrastructure/create-logger.js';
import { FakeOpenAi } from '../support/fakes/fake-openai.js';
import { Canaries, makeCanary } from '../support/fixtures/canaries.js';
import { CanaryDrive, TURNS_DRIVEN } from '../support/fixtures/canary-drive.js';
import { makeTestFolder, type TestFolder } from '../support/fixtures/test-app.js';
import { ServerProcess } from '../support/processes/server-process.js';

describe('a secret', function () {
  this.timeout(60_000);

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

  it('is in nothing that the process writes at LOG_LEVEL info', async () => {
    const folder: TestFolder = await makeTestFolder();
    const server = await ServerProcess.start({ cwd: folder.path, env: drive.environment });
    try {
      await drive.run(await server.url());
      server.send('SIGTERM');
      expect(await server.exited).to.deep.equal({ code: 0, signal: null });
    } finally {
      await server.kill();
      await folder.remove();
    }
    expect(drive.canaries.in(server.stderr)).to.deep.equal([]);
    expect(server.stdout).to.contain('"request failed"');
    expect(server.stdout.split('\n').filter((line) => drive.canaries.in(line).length > 0)).to.deep.equal([]);
    drive.expectDiscretion();
  });
});
