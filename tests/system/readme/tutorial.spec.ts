import { expect } from 'chai';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';
import { outputPattern, runInOneShell, serviceExamples } from './shell-examples.js';

const SERVICE_KEY = 'a-service-key-that-the-tutorial-leaves-to-its-reader';
const examples = serviceExamples('docs/tutorial.md');

describe('The examples of the tutorial, from top to bottom in one shell', function () {
  this.timeout(60_000);
  let folder: TestFolder;
  let server: ServerProcess;
  let printed: string[];

  before(async () => {
    folder = await makeTestFolder();
    server = await ServerProcess.start({
      cwd: folder.path,
      env: { FASTWRAP_API_KEY: SERVICE_KEY, BUDGET_TOKENS_PER_DAY: '200000' },
    });
    printed = await runInOneShell(examples, await server.url(), { FASTWRAP_API_KEY: SERVICE_KEY });
  });
  after(async () => {
    await server?.kill();
    await folder?.remove();
  });

  it('are more than a few', () => {
    expect(examples).to.have.length.above(10);
    expect(examples.filter(({ output }) => output !== null)).to.have.length.above(8);
  });

  examples.forEach(({ title, output }, index) => {
    it(`${title} …${output === null ? ' succeeds' : ' prints what is shown'}`, () => {
      expect(printed, 'how many succeeded').to.have.length.above(index);
      if (output !== null) expect(printed[index]?.trimEnd()).to.match(outputPattern(output));
    });
  });
});
