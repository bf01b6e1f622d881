import type { ServerResponse } from 'node:http';
import type { Override } from '#src/infrastructure/application.js';
import { ApiClient, type ApiResponse } from '#tests/support/api-client.js';
import { type Answer, type Behaviour, FakeOpenAi, streamEvents } from '#tests/support/fake-openai.js';
import { SseReader } from '#tests/support/sse-reader.js';
import { startTestApp, type TestApp } from '#tests/support/test-app.js';

export interface StreamingAppOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly override?: Override;
}

/** The real service with one client and one character, in front of an upstream that does as it is told. */
export class StreamingApp {
  private constructor(
    readonly app: TestApp,
    readonly upstream: FakeOpenAi,
    readonly api: ApiClient,
    readonly characterId: string,
  ) {}

  static async start({ env, override }: StreamingAppOptions = {}): Promise<StreamingApp> {
    const upstream = await FakeOpenAi.start();
    const app = await startTestApp({
      env: {
        MODEL: 'test-model',
        MODEL_PROVIDER: 'openai-compatible',
        MODEL_BASE_URL: upstream.baseUrl,
        ...env,
      },
      ...(override === undefined ? {} : { override }),
    });
    const api = await new ApiClient(app.url).signUp();
    return new StreamingApp(app, upstream, api, await api.createCharacter());
  }

  /** A turn that asks for its stream. */
  stream(body: object = {}, headers: Record<string, string> = {}): Promise<SseReader> {
    return this.post({ stream: true, ...body }, headers);
  }

  /** A turn, read as it comes. */
  post(body: object = {}, headers: Record<string, string> = {}): Promise<SseReader> {
    return SseReader.open(`${this.app.url}/api/chat`, {
      headers: { 'x-api-key': this.api.apiKey ?? '', ...headers },
      body: this.turn(body),
    });
  }

  /** A turn, answered in one piece. */
  plain(body: object = {}, signal?: AbortSignal): Promise<ApiResponse> {
    return this.api.send('POST', '/api/chat', this.turn(body), {}, signal);
  }

  async close(): Promise<void> {
    await this.app.stop();
    await this.upstream.close();
  }

  private turn(body: object): object {
    return { characterId: this.characterId, message: 'Hello.', ...body };
  }
}

/** A streamed answer that stops after its first pieces until it is told how to go on. */
export class HeldAnswer {
  readonly behaviour: Behaviour;
  readonly #responses: ServerResponse[] = [];
  readonly #rest: string[][] = [];

  /** @param first so many pieces come at once. */
  constructor(answer: Answer, first: number) {
    this.behaviour = (request, response) => {
      const events = streamEvents(request.body, answer);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      // The role comes before the first piece.
      for (const event of events.slice(0, first + 1)) response.write(event);
      this.#responses.push(response);
      this.#rest.push(events.slice(first + 1));
    };
  }

  /** Sends the rest. */
  release(): void {
    for (const [index, response] of this.#responses.entries()) {
      response.end(this.#rest[index]?.join(''));
    }
  }

  /** Ends it here, in whatever way. */
  break(how: (response: ServerResponse) => void): void {
    for (const response of this.#responses) how(response);
  }
}
