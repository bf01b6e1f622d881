import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { type Browser, chromium, type Page } from 'playwright-core';
import { startTestApp, type TestApp } from '#tests/support/fixtures/test-app.js';

const CHROMIUM = '/usr/bin/chromium';
const REMEDY = `install Chromium as ${CHROMIUM} (Debian: apt-get install chromium)`;
const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const isThere = existsSync(CHROMIUM);
if (!isThere && process.env['CI'] !== 'true')
  process.stderr.write(
    `\n*** LEFT OUT, for want of a browser: the documentation page\n*** To run it, ${REMEDY}.\n\n`,
  );

/** At home what cannot run says so and is left out; CI is asked in full. */
const describeInBrowser = isThere || process.env['CI'] === 'true' ? describe : () => undefined;

describeInBrowser('The documentation page, clicked through by a newcomer', function () {
  this.timeout(60_000);
  let app: TestApp;
  let browser: Browser;
  let page: Page;
  let faults: string[];

  before(async () => {
    if (!isThere) throw new Error(`there is no browser for this: ${REMEDY}`);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  });
  after(() => browser?.close());

  beforeEach(async () => {
    app = await startTestApp();
    page = await browser.newPage();
    faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    await page.goto(`${app.url}/docs`);
  });
  afterEach(async () => {
    await page.close();
    await app.stop();
  });

  /** "Try it out" and "Execute", with nothing typed in. */
  async function execute(id: string): Promise<string | null> {
    const block = page.locator(`#operations-${id}`);
    await block.locator('.opblock-summary-control').click();
    await block.locator('.try-out__btn').click();
    await block.locator('.execute').click();
    return block.locator('.live-responses-table .response .response-col_status').first().textContent();
  }

  it('signs up, makes a character and chats with the bodies that it offers', async () => {
    expect(await execute('sign-up-Auth_postSignUp')).to.match(/^201/);
    expect(await execute('characters-Characters_postCharacter')).to.match(/^201/);
    expect(await execute('chat-Chat_postMessage')).to.match(/^200/);
    expect(faults).to.deep.equal([]);
  });

  it('shows the introduction, then the groups in the order in which one uses them', async () => {
    await page.locator('#operations-sign-up-Auth_postSignUp').waitFor();
    expect(await page.locator('.info').textContent()).to.include('Three requests to a first reply.');
    const groups = await page
      .locator('.opblock-tag')
      .evaluateAll((tags) => tags.map((tag) => tag.getAttribute('data-tag')));
    expect(groups).to.deep.equal(['sign-up', 'characters', 'chat', 'account', 'operator', 'service']);
    expect(faults).to.deep.equal([]);
  });
});
