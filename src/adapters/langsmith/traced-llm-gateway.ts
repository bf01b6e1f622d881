import type {
  AttemptUsageListener,
  LlmGateway,
  Prompt,
  TextListener,
} from '#src/application/ports/chat/llm-gateway.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { IdGenerator } from '#src/application/ports/system/id-generator.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import { DroppedTraces } from './dropped-traces.js';
import { type FinishedCall, failureOf } from './finished-call.js';
import type { LangSmithAddress, LangSmithConnection } from './langsmith-connection.js';
import { type TraceBounds, TraceQueue } from './trace-queue.js';

export interface TracedLlmGatewayOptions extends LangSmithAddress {
  readonly gateway: LlmGateway;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly logger: Logger;
  readonly bounds?: Partial<TraceBounds>;
}

/** How long a closing service waits for the last traces. */
const FLUSH_MS = 2000;

/**
 * Tells LangSmith of every call of another gateway, whatever comes of it, once the call is over. Calls neither wait for
 * LangSmith nor learn how it fares.
 */
export class TracedLlmGateway implements LlmGateway {
  readonly #options: TracedLlmGatewayOptions;
  readonly #queue: TraceQueue;
  #loading: Promise<LangSmithConnection> | null = null;

  constructor(options: TracedLlmGatewayOptions) {
    this.#options = options;
    const { clock, logger, bounds } = options;
    this.#queue = new TraceQueue({
      sink: { send: async (calls, signal) => (await this.#connect()).send(calls, signal) },
      dropped: new DroppedTraces(clock, logger),
      ...(bounds === undefined ? {} : { bounds }),
    });
  }

  generate(prompt: Prompt, signal: AbortSignal, onAttemptUsage?: AttemptUsageListener): Promise<Completion> {
    return this.#trace(prompt, signal, false, () =>
      this.#options.gateway.generate(prompt, signal, onAttemptUsage),
    );
  }

  stream(
    prompt: Prompt,
    signal: AbortSignal,
    onDelta: TextListener,
    onAttemptUsage?: AttemptUsageListener,
  ): Promise<Completion> {
    return this.#trace(prompt, signal, true, (onToken) => {
      const pass: TextListener = (text) => {
        onToken();
        return onDelta(text);
      };
      return this.#options.gateway.stream(prompt, signal, pass, onAttemptUsage);
    });
  }

  /** Loads `langsmith`, which takes a tenth of a second, before the first trace has to. */
  async warmUp(): Promise<void> {
    await this.#connect();
  }

  /** Sends what waits, within two seconds, and drops the rest. */
  async close(): Promise<void> {
    await this.#queue.close(FLUSH_MS);
    await (await this.#loading)?.close();
  }

  async #trace(
    prompt: Prompt,
    signal: AbortSignal,
    streamed: boolean,
    call: (onToken: () => void) => Promise<Completion>,
  ): Promise<Completion> {
    const { clock, ids } = this.#options;
    const startedAt = clock.now();
    const startedMs = clock.monotonicMs();
    const now = () => startedAt + clock.monotonicMs() - startedMs;
    let firstTokenAt: number | null = null;
    const record = (outcome: FinishedCall['outcome']) =>
      this.#queue.add({ id: ids.next(), prompt, streamed, startedAt, firstTokenAt, endedAt: now(), outcome });
    try {
      const completion = await call(() => {
        firstTokenAt ??= now();
      });
      record({ kind: 'completed', completion });
      return completion;
    } catch (error) {
      record({ kind: 'failed', code: failureOf(error, signal) });
      throw error;
    }
  }

  #connect(): Promise<LangSmithConnection> {
    const { apiKey, endpoint, project } = this.#options;
    this.#loading ??= import('./langsmith-connection.js').then(
      (loaded) => new loaded.LangSmithConnection({ apiKey, endpoint, project }),
    );
    return this.#loading;
  }
}
