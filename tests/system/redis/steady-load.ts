import type { ApiClient } from '#tests/support/fixtures/api-client.js';

export interface LoadAnswer {
  /** Milliseconds since the load began. */
  readonly sentAt: number;
  readonly tookMs: number;
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | null;
}

/** Turns at a steady pace, whatever becomes of them, each in a conversation of its own. */
export class SteadyLoad {
  readonly #client: ApiClient;
  readonly #characterId: string;
  readonly #perSecond: number;
  readonly answers: LoadAnswer[] = [];
  readonly #began = performance.now();
  readonly #open = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(client: ApiClient, characterId: string, perSecond: number) {
    this.#client = client;
    this.#characterId = characterId;
    this.#perSecond = perSecond;
    this.#timer = setInterval(() => this.#sendDue(), 5);
  }

  /** Milliseconds since it began. */
  get now(): number {
    return performance.now() - this.#began;
  }

  /** @returns all answers, when the last one has come. */
  async stop(): Promise<readonly LoadAnswer[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    return this.answers;
  }

  #sendDue(): void {
    for (; this.#sent < (this.now / 1000) * this.#perSecond; this.#sent += 1) {
      const answer = this.#send(this.#sent).finally(() => this.#open.delete(answer));
      this.#open.add(answer);
    }
  }

  async #send(index: number): Promise<void> {
    const sentAt = this.now;
    const body = { characterId: this.#characterId, message: 'Hello', conversationId: `load-${index}` };
    const { status, body: answer, headers } = await this.#client.post('/api/chat', body);
    this.answers.push({
      sentAt,
      tookMs: this.now - sentAt,
      status,
      code: answer?.code,
      retryAfter: headers.get('retry-after'),
    });
  }
}
