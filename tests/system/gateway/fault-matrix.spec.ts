import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Behaviour, FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import { GatewayFixture, runAll, StallMeter } from '#tests/support/fixtures/gateway-fixture.js';
import { KEY } from '#tests/unit/adapters/langchain/connection.js';
import { type ChatAnswer, chat } from './chat-call.js';
import { DEADLINES, type Ending, FAULTS, type Fault, type Form } from './faults.js';

const PROVIDERS = ['openai-compatible', 'mistral'] as const;
const FORMS: readonly Form[] = ['plain', 'streamed'];
const CALLERS = ['stays', 'leaves'] as const;
const AT_A_TIME = 16;
/** What a turn may take above its deadline, and what the end of its upstream request may take after it. */
const GRACE_MS = 250;
/** Longer than the longest pause before a retry: whoever has not asked again by then will not. */
const MAX_PAUSE_MS = 450;

const STATUS: Readonly<Record<string, number>> = {
  stop: 200,
  length: 200,
  model_rejected: 422,
  model_failed: 502,
  model_unavailable: 503,
  model_timeout: 504,
};

interface Cell {
  readonly fault: Fault;
  readonly form: Form;
  readonly caller: (typeof CALLERS)[number];
  /** Also its conversation's id: no two cells share a circuit breaker or a conversation. */
  readonly model: string;
}

interface Result {
  /** Null: the caller left before it. */
  readonly answer: ChatAnswer | null;
  readonly outcome: unknown;
  readonly storedMessages: number;
  readonly asks: number;
  readonly asksLater: number;
  /** From the end of the call until every upstream request was over. */
  readonly overAfterMs: number;
  /** Of the call and of its end: what the machine kept for itself. */
  readonly stalledMs: number;
}

const CELLS: readonly Cell[] = FAULTS.flatMap((fault) =>
  FORMS.flatMap((form) => CALLERS.map((caller) => ({ fault, form, caller }))),
).map((cell, i) => ({ ...cell, model: `model-${i}` }));

/** Calls `leave` when the caller's moment has come: something has reached the caller, or the model does its worst. */
function withLeaver({ fault, form }: Cell, behaviour: Behaviour, leave: () => void): Behaviour {
  return async (request, response) => {
    await behaviour(request, response);
    // What was written reaches the caller's side first.
    setTimeout(leave, fault[form].begun === true ? 30 : 0);
  };
}

function lasts({ lasts, with: end, asks = 1 }: Ending): boolean {
  return lasts ?? (end === 'model_timeout' || asks !== 1);
}

async function run(
  fixture: GatewayFixture,
  cell: Cell,
  leaver: AbortController,
  meter: StallMeter,
): Promise<Result> {
  const { form, model } = cell;
  const characterId = await fixture.client.createCharacter({ model });
  const call = { form, characterId, conversationId: model };
  const stalledBefore = meter.stalledMs;
  if (cell.caller === 'leaves' && cell.fault.behaviour === null) setTimeout(() => leaver.abort(), 50);
  const answer = await chat(fixture.client, call, leaver.signal).catch((error: unknown) => {
    if (!leaver.signal.aborted) throw error;
    return null;
  });
  const endedAt = performance.now();
  const outcome = await fixture.outcomeOf(model);
  const requests = fixture.requestsFor(model);
  await Promise.all(requests.map(({ over }) => over));
  const overAfterMs = performance.now() - endedAt;
  const stalledMs = meter.stalledMs - stalledBefore;
  await delay(MAX_PAUSE_MS);
  return {
    answer,
    outcome,
    storedMessages: await fixture.storedMessages(model),
    asks: requests.length,
    asksLater: fixture.requestsFor(model).length,
    overAfterMs,
    stalledMs,
  };
}

function expectEnding({ answer, stalledMs }: Result, ending: Ending, form: Form): void {
  if (answer === null) throw new Error('there is no answer');
  const completed = ending.with === 'stop' || ending.with === 'length';
  const begun = form === 'streamed' && (completed || ending.begun === true);
  const status = STATUS[ending.with];
  expect({
    status: answer.status,
    code: answer.code,
    finishReason: answer.turn?.reply.finishReason,
    retryAfter: answer.retryAfter,
  }).to.deep.equal({
    status: begun ? 200 : status,
    code: completed ? null : ending.with,
    finishReason: completed ? ending.with : undefined,
    retryAfter: status === 503 && !begun ? (ending.retryAfter ?? '1') : null,
  });
  if (begun) {
    expect(answer.events[0]).to.equal('turn');
    expect(answer.events.at(-1)).to.equal(completed ? 'done' : 'error');
    expect(answer.events.slice(1, -1).every((name) => name === 'delta')).to.equal(true);
    expect(answer.events.length).to.be.greaterThan(2);
  } else {
    expect(answer.events).to.deep.equal([]);
  }
  if (completed) expect(answer.text).to.equal(answer.turn?.reply.content);
  const max = ending.by === undefined ? DEADLINES.firstToken : DEADLINES[ending.by];
  expect(answer.tookMs).to.be.lessThan(max + GRACE_MS + stalledMs);
}

for (const provider of PROVIDERS) {
  describe(`the fault matrix on ${provider}`, function () {
    this.timeout(60_000);
    const fixtures: GatewayFixture[] = [];
    let meter: StallMeter;
    const complaints: unknown[] = [];
    const complain = (complaint: unknown) => complaints.push(complaint);
    let results: ReadonlyMap<Cell, Promise<Result>>;

    before(async () => {
      meter = new StallMeter();
      process.on('unhandledRejection', complain).on('warning', complain);
      const nobody = await FakeOpenAi.start();
      await nobody.close();
      const leavers = new Map(CELLS.map((cell) => [cell, new AbortController()]));
      const behaviours = new Map(
        CELLS.map((cell) => {
          const behaviour = cell.fault.behaviour ?? (() => {});
          const leave = () => leavers.get(cell)?.abort();
          return [cell.model, cell.caller === 'leaves' ? withLeaver(cell, behaviour, leave) : behaviour];
        }),
      );
      const fixture = await GatewayFixture.start(provider, behaviours);
      const deadFixture = await GatewayFixture.start(provider, behaviours, {
        MODEL_BASE_URL: nobody.baseUrl,
      });
      fixtures.push(fixture, deadFixture);
      const tasks = CELLS.map((cell) => () => {
        const leaver = leavers.get(cell) ?? new AbortController();
        return run(cell.fault.behaviour === null ? deadFixture : fixture, cell, leaver, meter);
      });
      const running = runAll(tasks, AT_A_TIME);
      results = new Map(CELLS.map((cell, i) => [cell, running[i] ?? Promise.reject(new Error('lost'))]));
    });
    after(async () => {
      meter.stop();
      await Promise.all(fixtures.map((fixture) => fixture.stop()));
      process.off('unhandledRejection', complain).off('warning', complain);
    });

    const resultOf = async (cell: Cell): Promise<Result> => {
      const result = await results.get(cell);
      if (result === undefined) throw new Error('the cell was not run');
      expect(result.overAfterMs, 'upstream requests are over').to.be.lessThan(GRACE_MS + result.stalledMs);
      expect(result.asksLater, 'requests after the answer').to.equal(result.asks);
      expect(result.storedMessages).to.equal(result.outcome === 'completed' ? 2 : 0);
      return result;
    };

    for (const cell of CELLS) {
      const { fault, form, caller } = cell;
      const ending = fault[form];
      const end = `${ending.begun && form === 'streamed' ? 'deltas and then ' : ''}${ending.with}`;
      if (caller === 'stays') {
        it(`${fault.what}, ${form}: ends in ${end}`, async () => {
          const result = await resultOf(cell);
          expectEnding(result, ending, form);
          expect(result.outcome).to.equal(STATUS[ending.with] === 200 ? 'completed' : 'failed');
          expect(result.asks).to.equal(ending.asks ?? 1);
        });
      } else {
        it(`${fault.what}, ${form}: a caller who leaves ends it`, async () => {
          const result = await resultOf(cell);
          expect(result.asks).to.equal(fault.behaviour === null ? 0 : 1);
          if (lasts(ending)) {
            expect(result).to.include({ outcome: 'cancelled', answer: null });
            return;
          }
          // The fault ends the turn by itself, and may be faster.
          const own = STATUS[ending.with] === 200 ? 'completed' : 'failed';
          expect(result.outcome).to.be.oneOf(['cancelled', own]);
          if (result.answer === null) return;
          expect(result.outcome).to.equal(own);
          expectEnding(result, ending, form);
        });
      }
    }

    it('leaves no unhandled rejection, no warning and no key in a log line', async () => {
      await Promise.all(results.values());
      expect(complaints).to.deep.equal([]);
      const lines = fixtures.flatMap(({ app }) => app.logLines);
      expect(JSON.stringify(lines)).to.not.include(KEY);
    });

    it('keeps no more sockets than turns ran at a time, and none after the stop', async () => {
      await Promise.all(results.values());
      for (const { upstream, app } of fixtures) {
        await upstream.idle();
        expect(upstream.openSockets).to.be.at.most(AT_A_TIME);
        await app.stop();
        // Left to itself the upstream would close idle ones only after seconds.
        await Promise.race([upstream.left(), delay(GRACE_MS)]);
        expect(upstream.openSockets).to.equal(0);
      }
    });
  });
}
