import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import sinon from 'sinon';
import {
  FailoverLlmGateway,
  type FailoverLlmGatewayOptions,
} from '#src/adapters/failover/failover-llm-gateway.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { llmGatewayContract, modelError, prompt, rejection } from '#tests/contracts/llm-gateway.contract.js';
import { after, fail, hang, ScriptedGateway, type Step, say, sayAndFail } from './scripted-gateway.js';

const outage = () => new AppError('model_unavailable', { transient: true });
const serverError = () => new AppError('model_failed', { transient: true });
const wrongKey = () => new AppError('model_failed');
const rejected = () => new AppError('model_rejected');
const timeout = () => new AppError('model_timeout');
const busyFor = (seconds: number) =>
  new AppError('model_unavailable', { transient: true, retryAfterSeconds: seconds });

llmGatewayContract('the failover', async () => {
  const words: Step = async (_signal, { model }, onDelta) => {
    await onDelta('Good ');
    await onDelta('day.');
    const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false };
    return { reply: { content: 'Good day.', finishReason: 'stop' }, model, usage };
  };
  const waiting: Step = async (signal, asked, onDelta) => {
    const completion = await words(signal, asked, (text) => {
      signal.throwIfAborted();
      return onDelta(text);
    });
    signal.throwIfAborted();
    return completion;
  };
  const gateway = new FailoverLlmGateway({
    primary: { gateway: new ScriptedGateway(waiting), model: null },
    fallback: null,
    clock: new SystemClock(),
    totalMs: 5000,
    firstTokenMs: 1000,
  });
  return { gateway, model: 'm', close: async () => {} };
});

describe('FailoverLlmGateway', () => {
  let timers: sinon.SinonFakeTimers;
  let primary: ScriptedGateway;
  let fallback: ScriptedGateway;
  const idle = () => new AbortController().signal;
  const clock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() };

  beforeEach(() => {
    timers = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    primary = new ScriptedGateway(say('first'));
    fallback = new ScriptedGateway(say('second'));
  });
  afterEach(() => {
    expect(timers.countTimers(), 'timers left behind').to.equal(0);
    timers.restore();
  });

  const failover = (changes: Partial<FailoverLlmGatewayOptions> = {}) =>
    new FailoverLlmGateway({
      primary: { gateway: primary, model: null },
      fallback: null,
      clock,
      totalMs: 10_000,
      firstTokenMs: 3000,
      ...changes,
    });
  const withFallback = (changes: Partial<FailoverLlmGatewayOptions> = {}) =>
    failover({ fallback: { gateway: fallback, model: 'other' }, ...changes });

  /** What came of a call, and when, with the clock run to its end. */
  const settle = async (call: Promise<Completion>) => {
    const outcome = call.then(
      ({ reply, model }) => ({ said: `${model}: ${reply.content}`, atMs: performance.now() }),
      (error: unknown) => ({ error, atMs: performance.now() }),
    );
    await timers.runAllAsync();
    return outcome;
  };
  const codeOf = (outcome: object) =>
    'error' in outcome && outcome.error instanceof AppError ? outcome.error.code : outcome;

  for (const form of ['plain', 'streamed'] as const) {
    const ask = (gateway: FailoverLlmGateway, signal = idle(), model = 'm') =>
      form === 'plain'
        ? gateway.generate(prompt(model), signal)
        : gateway.stream(prompt(model), signal, async () => {});

    describe(`${form}, one retry`, () => {
      for (const [what, error] of [
        ['an outage', outage],
        ["the provider's own error", serverError],
      ] as const) {
        it(`follows ${what} after a short pause`, async () => {
          primary.steps = [fail(error()), say('again')];
          expect(await settle(ask(failover()))).to.include({ said: 'm: again' });
          expect(primary.calls.map(({ model, streamed }) => [model, streamed])).to.deep.equal([
            ['m', form === 'streamed'],
            ['m', form === 'streamed'],
          ]);
          expect(primary.calls[1]?.atMs).to.be.within(100, 400);
        });
      }

      for (const [what, error] of [
        ['a wrong key', wrongKey],
        ['a rejection', rejected],
        ['a deadline', timeout],
        ['what nobody foresaw', () => new Error('a bug')],
      ] as const) {
        it(`does not follow ${what}`, async () => {
          const thrown = error();
          primary.steps = [fail(thrown)];
          expect(await settle(ask(failover()))).to.include({ error: thrown, atMs: 0 });
          expect(primary.calls).to.have.length(1);
        });
      }

      it('is the only one, and the second failure is the answer', async () => {
        const last = serverError();
        primary.steps = [fail(outage()), fail(last)];
        expect(await settle(ask(failover()))).to.include({ error: last });
        expect(primary.calls).to.have.length(2);
      });

      it('waits as long as the provider asks', async () => {
        primary.steps = [fail(busyFor(2)), say('again')];
        expect(await settle(ask(failover()))).to.include({ said: 'm: again', atMs: 2000 });
      });

      it('is left out when the provider asks for longer than the first-token deadline', async () => {
        const thrown = busyFor(3);
        primary.steps = [fail(thrown)];
        expect(await settle(ask(failover()))).to.include({ error: thrown, atMs: 0 });
      });

      it('is left out when the first try has used the time up', async () => {
        const thrown = outage();
        primary.steps = [after(2950, fail(thrown))];
        expect(await settle(ask(failover()))).to.include({ error: thrown, atMs: 2950 });
        expect(primary.calls).to.have.length(1);
      });

      it('is left out when the whole turn would be over by then', async () => {
        const thrown = busyFor(2);
        primary.steps = [fail(thrown)];
        expect(await settle(ask(failover({ totalMs: 1500 })))).to.include({ error: thrown, atMs: 0 });
      });

      it('is left out when the caller leaves during the pause', async () => {
        const caller = new AbortController();
        const reason = new Error('gone');
        primary.steps = [fail(busyFor(2)), say('again')];
        setTimeout(() => caller.abort(reason), 50);
        expect(await settle(ask(failover(), caller.signal))).to.include({ error: reason, atMs: 50 });
        expect(primary.calls).to.have.length(1);
        expect(getEventListeners(caller.signal, 'abort')).to.have.length(0);
      });

      it('pauses at random, so that not all come back at once', async () => {
        const pauses = new Set<number>();
        for (let i = 0; i < 10; i += 1) {
          primary = new ScriptedGateway(fail(outage()), say('again'));
          await settle(ask(failover()));
          pauses.add((primary.calls[1]?.atMs ?? 0) - (primary.calls[0]?.atMs ?? 0));
        }
        expect(pauses.size).to.be.greaterThan(5);
      });
    });

    describe(`${form}, the fallback`, () => {
      for (const [what, steps, asked] of [
        ['fails twice', [fail(outage())], 2],
        ['has a wrong key', [fail(wrongKey())], 1],
        ['does not answer in time', [fail(timeout())], 1],
      ] satisfies [string, Step[], number][]) {
        it(`answers under its own name when the first choice ${what}`, async () => {
          primary.steps = steps;
          expect(await settle(ask(withFallback()))).to.include({ said: 'other: second' });
          expect(primary.calls).to.have.length(asked);
          expect(fallback.calls.map(({ model }) => model)).to.deep.equal(['other']);
        });
      }

      it('is not asked while the first choice answers', async () => {
        expect(await settle(ask(withFallback()))).to.include({ said: 'm: first' });
        expect(fallback.calls).to.have.length(0);
      });

      it('is not asked what the first choice rejects', async () => {
        primary.steps = [fail(rejected())];
        expect(codeOf(await settle(ask(withFallback())))).to.equal('model_rejected');
        expect(fallback.calls).to.have.length(0);
      });

      it('is not asked after a bug of ours', async () => {
        const bug = new Error('a bug');
        primary.steps = [fail(bug)];
        expect(await settle(ask(withFallback()))).to.include({ error: bug });
        expect(fallback.calls).to.have.length(0);
      });

      it('is not asked when the caller has left', async () => {
        const caller = new AbortController();
        const reason = new AppError('conversation_not_found');
        primary.steps = [hang()];
        setTimeout(() => caller.abort(reason), 10);
        expect(await settle(ask(withFallback(), caller.signal))).to.include({ error: reason, atMs: 10 });
        expect(fallback.calls).to.have.length(0);
      });

      it('is tried again once, too', async () => {
        primary.steps = [fail(wrongKey())];
        fallback.steps = [fail(outage()), say('at last')];
        expect(await settle(ask(withFallback()))).to.include({ said: 'other: at last' });
        expect(fallback.calls).to.have.length(2);
      });

      it('has the last word when everything fails', async () => {
        const last = outage();
        primary.steps = [fail(serverError())];
        fallback.steps = [fail(outage()), fail(last)];
        expect(await settle(ask(withFallback()))).to.include({ error: last });
        expect(primary.calls).to.have.length(2);
        expect(fallback.calls).to.have.length(2);
      });
    });

    describe(`${form}, the total deadline`, () => {
      it('ends whatever is under way, and cancels it', async () => {
        primary.steps = [fail(outage()), after(4000, fail(wrongKey()))];
        fallback.steps = [hang()];
        expect(codeOf(await settle(ask(withFallback())))).to.equal('model_timeout');
        expect(performance.now()).to.be.within(10_000, 10_500);
        expect(fallback.calls[0]?.signal.aborted).to.equal(true);
      });

      it('leaves no listener on the caller and does not begin for one who has left', async () => {
        const caller = new AbortController();
        await settle(ask(failover(), caller.signal));
        expect(getEventListeners(caller.signal, 'abort')).to.have.length(0);
        const reason = new Error('gone');
        caller.abort(reason);
        expect(await settle(ask(failover(), caller.signal))).to.include({ error: reason });
        expect(primary.calls).to.have.length(1);
      });
    });

    describe(`${form}, the breaker`, () => {
      const breaking = () => failover({ breakers: { failures: 3, probeAfterMs: 5000 } });
      /** So many failures without a retry: a deadline gets none. */
      const break3 = async (gateway: FailoverLlmGateway, model = 'm') => {
        primary.steps = [fail(timeout())];
        for (let i = 0; i < 3; i += 1) await settle(ask(gateway, idle(), model));
        primary.calls.length = 0;
      };

      it('opens after so many outages in a row and then refuses at once, with Retry-After', async () => {
        const gateway = breaking();
        await break3(gateway);
        const before = performance.now();
        const { error, atMs } = { error: null, ...(await settle(ask(gateway))) };
        expect(error).to.include({ code: 'model_unavailable', retryAfterSeconds: 5, transient: false });
        expect(atMs).to.equal(before);
        expect(primary.calls).to.have.length(0);
        expect(gateway.isRefusing('m')).to.equal(true);
      });

      it('opens after five by default', async () => {
        const gateway = failover();
        primary.steps = [fail(timeout())];
        for (let i = 0; i < 7; i += 1) await settle(ask(gateway));
        expect(primary.calls).to.have.length(5);
      });

      it('counts tries, and leaves a retry out once it is open', async () => {
        const gateway = breaking();
        primary.steps = [fail(outage())];
        await settle(ask(gateway));
        const before = performance.now();
        expect(await settle(ask(gateway))).to.have.property('atMs', before);
        expect(primary.calls).to.have.length(3);
      });

      it('counts from the beginning after a success', async () => {
        const gateway = breaking();
        primary.steps = [fail(timeout()), fail(timeout()), say('fine'), fail(timeout())];
        for (let i = 0; i < 5; i += 1) await settle(ask(gateway));
        expect(gateway.isRefusing('m')).to.equal(false);
        await settle(ask(gateway));
        expect(gateway.isRefusing('m')).to.equal(true);
      });

      it('counts from the beginning after a rejection, while it is closed and when that has closed it', async () => {
        const gateway = breaking();
        primary.steps = [fail(timeout()), fail(timeout()), fail(rejected()), fail(timeout())];
        for (let i = 0; i < 5; i += 1) await settle(ask(gateway));
        expect(gateway.isRefusing('m')).to.equal(false);
        await settle(ask(gateway));
        expect(gateway.isRefusing('m')).to.equal(true);
        await timers.tickAsync(5000);
        primary.steps = [fail(rejected()), fail(timeout())];
        for (let i = 0; i < 3; i += 1) await settle(ask(gateway));
        expect(gateway.isRefusing('m')).to.equal(false);
        await settle(ask(gateway));
        expect(gateway.isRefusing('m')).to.equal(true);
      });

      for (const [how, hours] of [
        ['set back', -5],
        ['set forward', 5],
      ] as const) {
        it(`lets a call through to see after its time, and no sooner, when the wall clock is ${how}`, async () => {
          const gateway = breaking();
          primary.steps = [fail(outage())];
          while (!gateway.isRefusing('m')) await settle(ask(gateway));
          timers.setSystemTime(Date.now() + hours * 3_600_000);
          primary.steps = [say('again')];
          await timers.tickAsync(4999);
          expect(gateway.isRefusing('m')).to.equal(true);
          expect(codeOf(await settle(ask(gateway)))).to.equal('model_unavailable');
          await timers.tickAsync(1);
          expect(gateway.isRefusing('m')).to.equal(false);
          expect(await settle(ask(gateway))).to.include({ said: 'm: again' });
        });
      }

      it('does not open for those whose time is over together while the model speaks to others', async () => {
        const gateway = breaking();
        // Its first word comes before the others ask.
        const speaking: Step = async (signal, asked, onDelta) => {
          await onDelta('It all began ');
          return after(500, say('long ago.'))(signal, asked, onDelta);
        };
        primary.steps = [speaking, hang()];
        const others = gateway.stream(prompt('m'), idle(), async () => {});
        await timers.tickAsync(1);
        const waiting = Array.from({ length: 10 }, () => rejection(ask(gateway)));
        await timers.runAllAsync();
        await others;
        for (const denial of await Promise.all(waiting)) {
          expect(denial).to.have.property('code', 'model_timeout');
        }
        expect(gateway.isRefusing('m')).to.equal(false);
      });

      for (const [what, error] of [
        ['rejections', rejected],
        ['wrong keys', wrongKey],
        ['bugs', () => new Error('a bug')],
      ] as const) {
        it(`does not open for ${what}`, async () => {
          const gateway = breaking();
          primary.steps = [fail(error())];
          for (let i = 0; i < 10; i += 1) await settle(ask(gateway));
          expect(primary.calls).to.have.length(10);
        });
      }

      describe('with callers who leave', () => {
        /** Half of the first-token deadline; half of the total, which is all that a plain call has. */
        const halfMs = form === 'streamed' ? 1500 : 5000;
        const leaveAfter = (ms: number, gateway: FailoverLlmGateway) => {
          const caller = new AbortController();
          setTimeout(() => caller.abort(new Error('gone')), ms);
          return rejection(ask(gateway, caller.signal));
        };
        const leave = async (times: number, ms: number, gateway: FailoverLlmGateway) => {
          for (let i = 0; i < times; i += 1) {
            const left = leaveAfter(ms, gateway);
            await timers.runAllAsync();
            expect(await left).to.have.property('message', 'gone');
          }
        };

        it('opens when so many had waited for half of the deadline without a word', async () => {
          const gateway = breaking();
          primary.steps = [hang()];
          await leave(2, halfMs, gateway);
          expect(gateway.isRefusing('m')).to.equal(false);
          await leave(1, halfMs, gateway);
          expect(gateway.isRefusing('m')).to.equal(true);
        });

        it('does not open when they leave sooner', async () => {
          const gateway = breaking();
          primary.steps = [hang()];
          await leave(10, halfMs - 1, gateway);
          expect(primary.calls).to.have.length(10);
        });

        it('leads the next caller to the fallback', async () => {
          const gateway = withFallback({ breakers: { failures: 3, probeAfterMs: 5000 } });
          primary.steps = [hang()];
          await leave(3, halfMs, gateway);
          const before = performance.now();
          expect(await settle(ask(gateway))).to.include({ said: 'other: second', atMs: before });
        });

        it('measures a retry from its own beginning', async () => {
          const gateway = failover({ breakers: { failures: 2, probeAfterMs: 5000 } });
          primary.steps = [fail(busyFor(1)), hang()];
          await leave(1, halfMs, gateway);
          expect(primary.calls).to.have.length(2);
          expect(gateway.isRefusing('m')).to.equal(false);
          primary.steps = [say('fine'), fail(busyFor(1)), hang()];
          await settle(ask(gateway));
          await leave(1, 1000 + halfMs, gateway);
          expect(gateway.isRefusing('m')).to.equal(true);
        });

        it('counts them with the other outages, and from the beginning after a success', async () => {
          const gateway = breaking();
          primary.steps = [hang()];
          await leave(2, halfMs, gateway);
          primary.steps = [say('fine'), fail(timeout()), hang()];
          for (let i = 0; i < 2; i += 1) await settle(ask(gateway));
          await leave(1, halfMs, gateway);
          expect(gateway.isRefusing('m')).to.equal(false);
          await leave(1, halfMs, gateway);
          expect(gateway.isRefusing('m')).to.equal(true);
        });

        it('does not open for those who leave together while the model answers others', async () => {
          const gateway = breaking();
          primary.steps = [hang()];
          const leaving = Array.from({ length: 10 }, () => leaveAfter(halfMs, gateway));
          primary.steps = [after(halfMs - 1, say('fine')), hang()];
          expect(await settle(ask(gateway))).to.include({ said: 'm: fine' });
          await Promise.all(leaving);
          expect(gateway.isRefusing('m')).to.equal(false);
        });
      });

      it('is one for each model', async () => {
        const gateway = breaking();
        await break3(gateway);
        expect(codeOf(await settle(ask(gateway, idle(), 'm')))).to.equal('model_unavailable');
        primary.steps = [say('fine')];
        expect(await settle(ask(gateway, idle(), 'n'))).to.include({ said: 'n: fine' });
        expect(['m', 'n', 'never asked'].map((model) => gateway.isRefusing(model))).to.deep.equal([
          true,
          false,
          false,
        ]);
      });

      it('is one for each provider: the fallback of the same name is asked at once', async () => {
        const gateway = failover({
          fallback: { gateway: fallback, model: 'm' },
          breakers: { failures: 3, probeAfterMs: 5000 },
        });
        await break3(gateway);
        const before = performance.now();
        expect(await settle(ask(gateway))).to.include({ said: 'm: second', atMs: before });
        expect(primary.calls).to.have.length(0);
      });

      it('lets one call through after a while, refuses the others meanwhile, and closes when it went well', async () => {
        const gateway = breaking();
        await break3(gateway);
        await timers.tickAsync(4999);
        expect(codeOf(await settle(ask(gateway)))).to.equal('model_unavailable');
        await timers.tickAsync(1);
        primary.steps = [after(1000, say('back'))];
        const probe = ask(gateway);
        const others = await Promise.all(Array.from({ length: 5 }, () => modelError(ask(gateway))));
        expect(others.map(({ code, retryAfterSeconds }) => [code, retryAfterSeconds])).to.deep.equal(
          Array(5).fill(['model_unavailable', 5]),
        );
        expect(gateway.isRefusing('m')).to.equal(true);
        expect(await settle(probe)).to.include({ said: 'm: back' });
        expect(gateway.isRefusing('m')).to.equal(false);
        primary.steps = [say('fine')];
        expect(await settle(ask(gateway))).to.include({ said: 'm: fine' });
      });

      it('counts as refusing while it refuses, and not when the next call would be let through', async () => {
        const gateway = breaking();
        await break3(gateway);
        await timers.tickAsync(4999);
        expect(gateway.isRefusing('m')).to.equal(true);
        await timers.tickAsync(1);
        expect(gateway.isRefusing('m')).to.equal(false);
        expect(primary.calls).to.have.length(0);
        await settle(ask(gateway));
        expect(primary.calls).to.have.length(1);
        expect(gateway.isRefusing('m')).to.equal(true);
        await timers.tickAsync(5000);
        expect(gateway.isRefusing('m')).to.equal(false);
      });

      for (const [what, error] of [
        ['failed', timeout],
        ['failed at once, which is not tried again', outage],
        ['met a bug of ours', () => new Error('a bug')],
      ] as const) {
        it(`stays open when the probe ${what}`, async () => {
          const gateway = breaking();
          await break3(gateway);
          await timers.tickAsync(5000);
          const thrown = error();
          primary.steps = [fail(thrown)];
          expect(await settle(ask(gateway))).to.include({ error: thrown });
          expect(primary.calls).to.have.length(1);
          expect(codeOf(await settle(ask(gateway)))).to.equal('model_unavailable');
          expect(primary.calls).to.have.length(1);
        });
      }

      for (const reason of [new Error('gone'), new AppError('shutting_down')]) {
        const probeAndLeave = async (gateway: FailoverLlmGateway, ms: number) => {
          await break3(gateway);
          await timers.tickAsync(5000);
          const caller = new AbortController();
          primary.steps = [hang()];
          setTimeout(() => caller.abort(reason), ms);
          expect(await settle(ask(gateway, caller.signal))).to.include({ error: reason });
        };

        it(`stays open when the caller of the probe left late with ${reason.message}`, async () => {
          const gateway = breaking();
          await probeAndLeave(gateway, form === 'streamed' ? 1500 : 5000);
          expect(gateway.isRefusing('m')).to.equal(true);
          expect(codeOf(await settle(ask(gateway)))).to.equal('model_unavailable');
          await timers.tickAsync(5000);
          primary.steps = [say('back')];
          expect(await settle(ask(gateway))).to.include({ said: 'm: back' });
        });

        it(`lets the next call see at once when the caller of the probe left early with ${reason.message}`, async () => {
          const gateway = breaking();
          await probeAndLeave(gateway, 10);
          expect(gateway.isRefusing('m')).to.equal(false);
          primary.steps = [fail(timeout()), say('back')];
          expect(codeOf(await settle(ask(gateway)))).to.equal('model_timeout');
          expect(codeOf(await settle(ask(gateway)))).to.equal('model_unavailable');
          await timers.tickAsync(5000);
          expect(await settle(ask(gateway))).to.include({ said: 'm: back' });
        });
      }

      for (const [what, error] of [
        ['rejected its input', rejected],
        ['was refused for the key', wrongKey],
      ] as const) {
        it(`closes when the probe ${what}: the model is there`, async () => {
          const gateway = breaking();
          await break3(gateway);
          await timers.tickAsync(5000);
          primary.steps = [fail(error()), say('fine')];
          await settle(ask(gateway));
          expect(await settle(ask(gateway))).to.include({ said: 'm: fine' });
        });
      }

      it('closes after a good probe even if calls from before it opened fail meanwhile', async () => {
        const gateway = breaking();
        primary.steps = [after(6000, fail(timeout())), fail(timeout())];
        const old = rejection(ask(gateway));
        for (let i = 0; i < 3; i += 1) await rejection(ask(gateway));
        expect(gateway.isRefusing('m')).to.equal(true);
        await timers.tickAsync(5000);
        primary.steps = [after(2000, say('back'))];
        const probe = ask(gateway);
        await timers.tickAsync(1500);
        await old;
        expect(await settle(probe)).to.include({ said: 'm: back' });
        expect(gateway.isRefusing('m')).to.equal(false);
      });
    });
  }

  it('tries the first choice of a plain call again within half of the total, or asks the fallback at once', async () => {
    primary.steps = [fail(busyFor(2))];
    const call = withFallback({ totalMs: 4000 }).generate(prompt('m'), idle());
    expect(await settle(call)).to.include({ said: 'other: second', atMs: 0 });
  });

  it('gives the first choice of a plain call half of the total, and its callers half of that to leave in', async () => {
    const gateway = withFallback({ breakers: { failures: 1, probeAfterMs: 5000 } });
    primary.steps = [hang()];
    for (const [ms, refuses] of [
      [2499, false],
      [2500, true],
    ] as const) {
      const caller = new AbortController();
      setTimeout(() => caller.abort(new Error('gone')), ms);
      await settle(gateway.generate(prompt('m'), caller.signal));
      expect(gateway.isRefusing('m'), `after ${ms} ms`).to.equal(refuses);
    }
  });

  describe('after the first piece', () => {
    for (const error of [outage(), serverError(), timeout(), wrongKey()]) {
      it(`passes ${error.code} on and asks nobody again (transient: ${error.transient})`, async () => {
        primary.steps = [sayAndFail('Half of', error), say('again')];
        const pieces: string[] = [];
        const call = withFallback().stream(prompt('m'), idle(), async (text) => {
          pieces.push(text);
        });
        expect(await settle(call)).to.include({ error, atMs: 0 });
        expect(pieces).to.deep.equal(['Half of']);
        expect(primary.calls).to.have.length(1);
        expect(fallback.calls).to.have.length(0);
      });
    }

    it('counts no failure as an outage: the model is there', async () => {
      const gateway = failover({ breakers: { failures: 2, probeAfterMs: 1000 } });
      primary.steps = [sayAndFail('Half of', outage())];
      for (let i = 0; i < 5; i += 1) await settle(gateway.stream(prompt('m'), idle(), async () => {}));
      expect(gateway.isRefusing('m')).to.equal(false);
    });

    it('says nothing about the model when its caller leaves, however late', async () => {
      const gateway = failover({ breakers: { failures: 1, probeAfterMs: 1000 } });
      primary.steps = [
        async (signal, asked, onDelta) => {
          await onDelta('Half of');
          return hang()(signal, asked, onDelta);
        },
      ];
      const caller = new AbortController();
      setTimeout(() => caller.abort(new Error('gone')), 9000);
      await settle(gateway.stream(prompt('m'), caller.signal, async () => {}));
      expect(gateway.isRefusing('m')).to.equal(false);
    });

    it('closes the circuit at once when it probed, however long it goes on', async () => {
      const gateway = failover({ breakers: { failures: 2, probeAfterMs: 1000 } });
      primary.steps = [fail(timeout())];
      for (let i = 0; i < 2; i += 1) await rejection(gateway.generate(prompt('m'), idle()));
      expect(gateway.isRefusing('m')).to.equal(true);
      await timers.tickAsync(1000);

      primary.steps = [sayAndFail('Half of', outage())];
      const received: string[] = [];
      await settle(
        gateway.stream(prompt('m'), idle(), async (text) => {
          received.push(text);
          await timers.tickAsync(0);
          expect(gateway.isRefusing('m')).to.equal(false);
        }),
      );
      expect(received).to.deep.equal(['Half of']);
      expect(gateway.isRefusing('m')).to.equal(false);
    });
  });

  it('refuses without waiting for anything, while no time passes', async () => {
    primary.steps = [fail(timeout())];
    const gateway = failover();
    while (!gateway.isRefusing('m')) await settle(gateway.generate(prompt('m'), idle()));
    const before = { atMs: performance.now(), calls: primary.calls.length };
    await modelError(gateway.generate(prompt('m'), idle()));
    expect({ atMs: performance.now(), calls: primary.calls.length }).to.deep.equal(before);
  });
});
