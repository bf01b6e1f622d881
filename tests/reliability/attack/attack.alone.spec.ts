import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { makeTestFolder } from '#tests/support/fixtures/test-app.js';
import { type Campaign, type FamilyResult, isWon, runCampaign } from './campaign.js';
import { denials } from './families/denials.js';
import { passwordRace } from './families/password-race.js';
import { type Family, LeftOut } from './family.js';
import { atLeast, atMost, exactly } from './figure.js';
import { processesIn } from './janitor.js';
import { reportTable } from './report.js';
import { until } from './until.js';

const BROKEN = fileURLToPath(new URL('./broken-service.js', import.meta.url));
const COMMAND = fileURLToPath(new URL('./main.js', import.meta.url));
const NOTHING_LEFT: Campaign['janitor'] = { leftFiles: () => [], leftProcesses: () => [] };
const TIMEOUT_MS = 20_000;

function judge(run: Family['run'], janitor = NOTHING_LEFT): Promise<FamilyResult[]> {
  return attackBroken({ name: 'made-up', about: '', run }, janitor);
}

function attackBroken(family: Family, janitor = NOTHING_LEFT): Promise<FamilyResult[]> {
  return runCampaign({
    ...{ families: [family], seed: 1, isQuick: true, soakMinutes: 1, isBehindHaProxy: false, janitor },
    ...{ niceness: 0, node: process.execPath, main: BROKEN },
  });
}

describe('the judge of the attacks', () => {
  it('is content when every figure keeps its bound', async () => {
    const results = await judge(async () => [
      atMost('a', 1, 1),
      atLeast('b', 1, 1),
      exactly('c', ['d'], ['d']),
    ]);
    expect(isWon(results)).to.equal(true);
    expect(reportTable(results)).not.to.contain('MISSED');
  });

  for (const [what, figure] of Object.entries({
    'one above its bound': atMost('a', 2, 1),
    'one below its bound': atLeast('a', 1, 2),
    'one that is no number': atMost('a', Number.NaN, 1),
    'one that differs': exactly('a', undefined, 1),
  })) {
    it(`is not content with ${what}`, async () => {
      const results = await judge(async () => [exactly('fine', 1, 1), figure]);
      expect(isWon(results)).to.equal(false);
      expect(reportTable(results)).to.contain('MISSED');
    });
  }

  it('is not content with a family that fails by itself', async () => {
    const results = await judge(() => Promise.reject(new Error('it fell over')));
    expect(isWon(results)).to.equal(false);
    expect(reportTable(results)).to.contain('it fell over');
  });

  it('is not content when nothing was run, and says what was missing', async () => {
    const results = await judge(() => Promise.reject(new LeftOut('there is no such library')));
    expect(isWon(results)).to.equal(false);
    expect(reportTable(results)).to.contain('there is no such library');
  });

  it('is not content when something is left behind', async () => {
    const results = await judge(async () => [exactly('fine', 1, 1)], {
      ...NOTHING_LEFT,
      leftFiles: () => ['a file'],
    });
    expect(isWon(results)).to.equal(false);
  });

  for (const family of [denials, passwordRace]) {
    it(`sees ${family.name} go through a service that withstands nothing`, async function () {
      this.timeout(60_000);
      const [result] = await attackBroken(family);
      expect(result?.figures.filter(({ isMet }) => !isMet)).not.to.deep.equal([]);
      expect(result?.figures.map(({ what }) => what)).not.to.include('the family');
    });
  }
});

describe('a campaign of attacks that is cut short', () => {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
    it(`leaves no process and no file after ${signal}`, async function () {
      this.timeout(60_000);
      const folder = await makeTestFolder();
      const args = [COMMAND, '--family', 'slow-callers', '--main', BROKEN];
      const env = { ...process.env, TMPDIR: folder.path };
      const campaign = spawn(process.execPath, args, { env, stdio: 'ignore' });
      const gone = once(campaign, 'exit');
      await until(() => processesIn(folder.path).length > 1, TIMEOUT_MS);
      expect(processesIn(folder.path)).to.have.length.above(1);
      campaign.kill(signal);
      await gone;
      await until(() => readdirSync(folder.path).length === 0, TIMEOUT_MS);
      expect(readdirSync(folder.path)).to.deep.equal([]);
      expect(processesIn(folder.path)).to.deep.equal([]);
      await folder.remove();
    });
  }
});
