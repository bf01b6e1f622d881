import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { outputPattern, readmeExamples } from '#tests/readme/readme-examples.js';
import { ServerProcess } from '#tests/support/server-process.js';
import { makeTestFolder, type TestFolder } from '#tests/support/test-app.js';

const END = '-- the end of an example --';
const SERVICE_KEY = 'a-service-key-that-README-leaves-to-its-reader';
const examples = readmeExamples();

/** All examples in one shell, which ends at the first that fails. @returns what each printed. */
async function runInOneShell(url: string): Promise<string[]> {
  const script = examples.map((example) => `${example.script}echo; echo '${END}'\n`).join('');
  const typed = script.replace('http://127.0.0.1:8555', url);
  const { PATH = '' } = process.env;
  const shell = spawn('bash', ['-c', `set -eo pipefail\n${typed}`], {
    env: { PATH, FASTWRAP_API_KEY: SERVICE_KEY },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed] = await Promise.all([text(shell.stdout), once(shell, 'close')]);
  return printed.split(`${END}\n`).slice(0, -1);
}

describe('The examples of README, from top to bottom in one shell', function () {
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
    printed = await runInOneShell(await server.url());
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
