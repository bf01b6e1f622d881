import { expect } from 'chai';
import { FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import { CanaryDrive } from '#tests/support/fixtures/canary-drive.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';

describe('a secret of a process', () => {
  let upstream: FakeOpenAi;
  let drive: CanaryDrive;

  beforeEach(async () => {
    upstream = await FakeOpenAi.start();
    drive = new CanaryDrive(upstream);
  });

  afterEach(() => upstream.close());

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
