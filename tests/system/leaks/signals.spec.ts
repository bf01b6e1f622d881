import { FailoverLlmGateway } from '#src/adapters/failover/failover-llm-gateway.js';
import { withinDeadline } from '#src/adapters/langchain/within-deadline.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import { onDeadline, withDeadline } from '#src/application/async/deadline.js';
import { inTime } from '#src/application/async/in-time.js';
import { linkSignals } from '#src/application/async/link-signals.js';
import { Pause } from '#src/application/async/pause.js';
import { sleep } from '#src/application/async/sleep.js';
import { untilAborted } from '#src/application/async/until-aborted.js';
import { AppError } from '#src/domain/errors.js';
import { prompt } from '#tests/contracts/llm-gateway.contract.js';
import { expectNoLeak } from '#tests/support/assertions/leak-count.js';
import { rejectionOf } from '#tests/support/fixtures/cache-fixture.js';
import { fail, ScriptedGateway, type Step, say } from '../../unit/adapters/failover/scripted-gateway.js';

const LONG_MS = 60_000;
const NEVER = new Promise<never>(() => undefined);

describe('a signal that outlives what waited for it', function () {
  this.timeout(20_000);
  const caller = () => new AbortController().signal;
  const broken = async (): Promise<never> => {
    throw new Error('broken');
  };

  it('keeps nothing of calls within a deadline: done, failed, timed out', async () => {
    const signal = caller();
    await expectNoLeak([signal], () => withinDeadline(LONG_MS, signal, async () => 'done'));
    await expectNoLeak([signal], () => rejectionOf(withinDeadline(LONG_MS, signal, broken)));
    await expectNoLeak([signal], () => rejectionOf(withinDeadline(0, signal, () => NEVER)));
    await expectNoLeak([signal], () =>
      withinDeadline(LONG_MS, signal, async (_signal, idleTimeout) => idleTimeout.allow(LONG_MS)),
    );
  });

  it('keeps nothing of tasks that end at either of two: done, failed, ended by the other one', async () => {
    const [first, second] = [caller(), caller()];
    await expectNoLeak([first, second], () => linkSignals(first, second, async () => 'done'));
    await expectNoLeak([first, second], () => rejectionOf(linkSignals(first, second, broken)));
    const untilAborted = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    await expectNoLeak([first, second], async () => {
      const other = new AbortController();
      const ended = [
        rejectionOf(linkSignals(first, other.signal, untilAborted)),
        rejectionOf(linkSignals(other.signal, second, untilAborted)),
      ];
      other.abort(new Error('gone'));
      await Promise.all(ended);
    });
  });

  it('keeps nothing of deadlines: met, missed, called off, left by the caller', async () => {
    const signal = caller();
    const late = () => new Error('late');
    await expectNoLeak([signal], () => withDeadline(LONG_MS, late, signal, async () => 'done'));
    await expectNoLeak([signal], () => rejectionOf(withDeadline(LONG_MS, late, signal, broken)));
    await expectNoLeak([signal], () => new Promise((resolve) => onDeadline(0, late, signal, resolve)));
    await expectNoLeak([signal], async () => onDeadline(LONG_MS, late, signal, () => undefined)());
    await expectNoLeak([signal], async () => {
      const gone = new AbortController();
      onDeadline(LONG_MS, late, gone.signal, () => undefined);
      gone.abort();
    });
  });

  it('keeps nothing of what was waited for: in time, late, failed, until the signal aborts', async () => {
    const signal = caller();
    const late = () => 'late';
    await expectNoLeak([], () => inTime(LONG_MS, Promise.resolve('done'), late));
    await expectNoLeak([], () => inTime(0, NEVER, late));
    await expectNoLeak([], () => rejectionOf(inTime(LONG_MS, broken(), late)));
    await expectNoLeak([signal], () => untilAborted(signal, Promise.resolve('done')));
    await expectNoLeak([signal], () => rejectionOf(untilAborted(signal, broken())));
    await expectNoLeak([], async () => {
      const gone = new AbortController();
      const left = rejectionOf(untilAborted(gone.signal, NEVER));
      gone.abort();
      await left;
    });
  });

  it('keeps nothing of pauses', async () => {
    const signal = caller();
    await expectNoLeak([signal], () => sleep(0, signal));
    await expectNoLeak([], async () => {
      const pause = new Pause();
      const lasting = pause.last(LONG_MS);
      pause.wake();
      await lasting;
    });
    await expectNoLeak([signal], async () => {
      const gone = new AbortController();
      const paused = rejectionOf(sleep(LONG_MS, gone.signal));
      gone.abort(new Error('gone'));
      await paused;
    });
  });

  it('keeps nothing of attempts: answered, retried, answered by the fallback, failed for good', async () => {
    const signal = caller();
    const through = (streamed: boolean, steps: readonly Step[], fallback: Step | null = null) => {
      const gateway = new FailoverLlmGateway({
        primary: { gateway: new ScriptedGateway(...steps), model: null },
        fallback: fallback && { gateway: new ScriptedGateway(fallback), model: 'other' },
        clock: new SystemClock(),
        totalMs: LONG_MS,
        firstTokenMs: LONG_MS,
      });
      return streamed
        ? gateway.stream(prompt('Hello'), signal, async () => {})
        : gateway.generate(prompt('Hello'), signal);
    };
    const passing = fail(new AppError('model_unavailable', { transient: true, retryAfterSeconds: 0 }));
    const forGood = fail(new AppError('model_failed'));
    for (const streamed of [false, true]) {
      await expectNoLeak([signal], () => through(streamed, [say('yes')]));
      await expectNoLeak([signal], () => through(streamed, [passing, say('yes')]));
      await expectNoLeak([signal], () => through(streamed, [forGood], say('yes')));
      await expectNoLeak([signal], () => rejectionOf(through(streamed, [forGood])));
    }
  });
});
