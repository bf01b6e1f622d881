import type { Provider } from '#src/domain/model-provider.js';
import { connect, KEY } from '#tests/adapters/langchain/connection.js';
import { ApiClient } from '#tests/support/api-client.js';
import { type Behaviour, FakeOpenAi, hang, type ReceivedRequest } from '#tests/support/fake-openai.js';
import { startTestApp, type TestApp } from '#tests/support/test-app.js';
import { DEADLINES } from './faults.js';

/** One service with its upstream, which misbehaves for each model in another way, so that each has a breaker of its own. */
export class Rig {
  readonly #behaviours: ReadonlyMap<string, Behaviour>;

  private constructor(
    readonly app: TestApp,
    readonly client: ApiClient,
    readonly upstream: FakeOpenAi,
    behaviours: ReadonlyMap<string, Behaviour>,
  ) {
    this.#behaviours = behaviours;
    upstream.behaviour = (request, response) =>
      (this.#behaviours.get(request.body.model ?? '') ?? hang())(request, response);
  }

  /** @param env over deadlines that are short. */
  static async start(
    provider: Provider,
    behaviours: ReadonlyMap<string, Behaviour>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Rig> {
    // The libraries would load behind the start, and the first turns wait for them.
    await connect(provider, null).gateway.warmUp();
    const upstream = await FakeOpenAi.start();
    const [model = 'none'] = behaviours.keys();
    const app = await startTestApp({
      env: {
        MODEL: model,
        MODEL_ALLOWED: [...behaviours.keys()].join(','),
        MODEL_PROVIDER: provider,
        MODEL_KEY: KEY,
        MODEL_BASE_URL: upstream.baseUrl,
        MODEL_FIRST_TOKEN_MS: String(DEADLINES.firstToken),
        MODEL_CHUNK_MS: String(DEADLINES.chunk),
        MODEL_TOTAL_MS: String(DEADLINES.total),
        ...env,
      },
    });
    return new Rig(app, await new ApiClient(app.url).signUp(), upstream, behaviours);
  }

  requestsFor(model: string): ReceivedRequest[] {
    return this.upstream.requests.filter(({ body }) => body.model === model);
  }

  /** How the service logged the end of the turn, once it has. */
  async outcomeOf(conversationId: string): Promise<unknown> {
    for (;;) {
      const line = this.app.logLines.find(
        ({ message, fields }) => message === 'turn' && fields['conversationId'] === conversationId,
      );
      if (line !== undefined) return line.fields['outcome'];
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** How many messages of a conversation are stored. */
  async storedMessages(conversationId: string): Promise<number> {
    const { status, body } = await this.client.get(`/api/conversations/${conversationId}`);
    if (status === 404) return 0;
    if (status !== 200) throw new Error(`the conversation answered ${status}`);
    return body.messages.length;
  }

  async stop(): Promise<void> {
    await this.app.stop();
    await this.upstream.close();
  }
}

const BEAT_MS = 10;

/** Time that a busy machine did not give to this process, to everybody in it alike; a deadline cannot hold in it. */
export class StallMeter {
  #stalledMs = 0;
  #beatAt = performance.now();
  readonly #timer = setInterval(() => {
    const now = performance.now();
    this.#stalledMs += Math.max(0, now - this.#beatAt - 2 * BEAT_MS);
    this.#beatAt = now;
  }, BEAT_MS);

  /** Since the start. */
  get stalledMs(): number {
    return this.#stalledMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Starts all of them, a few at a time; each result can be waited for by itself. */
export function runAll<T>(tasks: readonly (() => Promise<T>)[], atATime: number): Promise<T>[] {
  const lanes = Array.from({ length: atATime }, (): Promise<unknown> => Promise.resolve());
  return tasks.map((task, i) => {
    const result = (lanes[i % atATime] ?? Promise.resolve()).then(task);
    lanes[i % atATime] = result.catch(() => {});
    return result;
  });
}
