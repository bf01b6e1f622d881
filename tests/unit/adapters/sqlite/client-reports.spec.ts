import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { ClientReports } from '#src/adapters/sqlite/repositories/client-reports.js';
import { codeOf } from '#tests/contracts/client-repository.contract.js';

describe('ClientReports', () => {
  const gate = new EventEmitter();
  const held = async () => {
    await once(gate, 'open');
  };

  it("runs one of each client at a time, and lets none of another client's wait for it", async () => {
    const reports = new ClientReports({ maxWaiting: 2, timeoutMs: 5000 });
    const begun: string[] = [];
    const report = (name: string) => reports.run('ada', async () => void begun.push(name));
    const first = reports.run('ada', held);
    const second = report('second');
    await reports.run('bob', async () => void begun.push('bob'));
    expect(begun).to.deep.equal(['bob']);
    gate.emit('open');
    await Promise.all([first, second]);
    expect(begun).to.deep.equal(['bob', 'second']);
  });

  it('begins no other beside one that outlasts its deadline', async () => {
    const reports = new ClientReports({ maxWaiting: 2, timeoutMs: 20 });
    const begun: string[] = [];
    expect(await codeOf(reports.run('ada', held))).to.equal('database_unavailable');
    const second = reports.run('ada', async () => void begun.push('second'));
    expect(begun).to.deep.equal([]);
    gate.emit('open');
    await second;
    expect(begun).to.deep.equal(['second']);
  });

  it('refuses with overloaded what is too much of one client, and takes it again afterwards', async () => {
    const reports = new ClientReports({ maxWaiting: 1, timeoutMs: 5000 });
    const first = reports.run('ada', held);
    const second = reports.run('ada', async () => 2);
    expect(await codeOf(reports.run('ada', async () => 3))).to.equal('overloaded');
    expect(await codeOf(reports.run('bob', async () => 3))).to.equal('resolved');
    gate.emit('open');
    await Promise.all([first, second]);
    expect(await reports.run('ada', async () => 4)).to.equal(4);
  });
});
