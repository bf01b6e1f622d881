import { expect } from 'chai';
import { expectNoLeak } from '#tests/support/assertions/leak-count.js';
import { complete, refuse } from '#tests/support/fakes/fake-openai.js';
import { HeldAnswer, StreamingApp } from '#tests/support/fixtures/streaming-app.js';

/** A service that lives long: what a request leaves on its sockets, its signals or its timers adds up. */
describe('turns over HTTP leave nothing behind', function () {
  this.timeout(120_000);
  let app: StreamingApp;
  const warnings: Error[] = [];
  const keep = (warning: Error) => warnings.push(warning);

  before(async () => {
    process.on('warning', keep);
    app = await StreamingApp.start();
  });
  after(async () => {
    process.off('warning', keep);
    await app.close();
  });
  // Node warns of the eleventh listener of a kind on one socket or signal.
  afterEach(() => expect(warnings).to.deep.equal([]));

  const status = async (turn: ReturnType<typeof app.plain>) => (await turn).status;

  it('that are kept', async () => {
    app.upstream.behaviour = complete();
    await expectNoLeak([], async () => expect(await status(app.plain())).to.equal(200));
  });

  it('that are streamed', async () => {
    app.upstream.behaviour = complete();
    await expectNoLeak([], async () => {
      const reader = await app.stream();
      expect((await reader.rest()).at(-1)?.event).to.equal('done');
      await reader.closed;
    });
  });

  it('that fail', async () => {
    app.upstream.behaviour = refuse(400);
    await expectNoLeak([], async () => expect(await status(app.plain({ stream: true }))).to.be.at.least(400));
  });

  it('whose caller leaves in the middle', async () => {
    await expectNoLeak([], async () => {
      const held = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1);
      app.upstream.behaviour = held.behaviour;
      const reader = await app.stream();
      await reader.next();
      reader.leave();
      await app.upstream.idle();
    });
  });
});
