import { expect } from 'chai';
import { Readiness } from '#src/adapters/http/ops/readiness.js';
import { startTestApp, type TestApp } from '#tests/support/fixtures/test-app.js';

describe('Application', () => {
  let app: TestApp;

  beforeEach(async () => {
    app = await startTestApp();
  });

  afterEach(() => app.stop());

  it('is ready once it listens, and not before', async () => {
    const readiness: Readiness[] = [];
    const start = (port: string) =>
      startTestApp({
        env: { PORT: port },
        override: (container) => {
          readiness.push(container.get(Readiness));
        },
      });
    const error = await start(new URL(app.url).port).catch((caught: unknown) => caught);
    expect(error).to.have.property('code', 'EADDRINUSE');
    expect(readiness[0]?.isReady).to.equal(false);

    const other = await start('0');
    expect(readiness[1]?.isReady).to.equal(true);
    expect((await fetch(`${other.url}/readyz`)).status).to.equal(200);
    await other.stop();
  });
});
