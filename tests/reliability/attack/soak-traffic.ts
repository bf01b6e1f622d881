import { setTimeout as delay } from 'node:timers/promises';
import type { ApiResponse } from '#tests/support/fixtures/api-client.js';
import type { SeededRandom } from '#tests/support/fixtures/seeded-random.js';
import { SseReader } from '#tests/support/fixtures/sse-reader.js';
import type { ChatTenant } from './chat-tenant.js';

const CALLERS = 8;
const PAUSE_MS = 100;
/** What has a place in the answers: the model fails now and then, and its breaker opens. */
const EXPECTED = new Set([200, 204, 400, 404, 409, 429, 502, 503]);

/** Turns plain, streamed, left and repeated, reading, deletions and mistakes, from callers that pause in between. */
export class SoakTraffic {
  readonly #url: string;
  readonly #tenant: ChatTenant;
  readonly #random: SeededRandom;
  count = 0;
  /** Answers without a place there. */
  readonly others: Record<number, number> = {};

  constructor(url: string, tenant: ChatTenant, random: SeededRandom) {
    this.#url = url;
    this.#tenant = tenant;
    this.#random = random;
  }

  async run(ms: number): Promise<void> {
    await Promise.all(Array.from({ length: CALLERS }, (_, index) => this.#converse(index, ms)));
  }

  async #converse(caller: number, ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (performance.now() < until) {
      const conversationId = `soak-${caller}-${this.#random.between(0, 20)}`;
      for (const status of await this.#act(this.#random.between(0, 12), conversationId)) this.#note(status);
      await delay(PAUSE_MS);
    }
  }

  /** @returns the statuses of what was sent. */
  async #act(kind: number, conversationId: string): Promise<number[]> {
    const path = `/api/conversations/${conversationId}`;
    if (kind < 5) return [(await this.#tenant.chat({ conversationId })).status];
    if (kind < 7) return [await this.#stream(conversationId, (reader) => reader.rest())];
    if (kind === 7) return [await this.#stream(conversationId, async (reader) => reader.leave())];
    if (kind === 8) return [(await this.#tenant.api.get(path)).status];
    if (kind === 9) return [(await this.#tenant.api.delete(path)).status];
    if (kind === 10) return [(await this.#tenant.api.post('/api/chat', '{"message":')).status];
    if (kind === 11) return [(await this.#tenant.chat({ conversationId, unknown: 1 })).status];
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const send = (): Promise<ApiResponse> => this.#tenant.chat({ conversationId }, headers);
    const atOnce = await Promise.all([send(), send()]);
    return [...atOnce, await send()].map(({ status }) => status);
  }

  async #stream(conversationId: string, read: (reader: SseReader) => Promise<unknown>): Promise<number> {
    const reader = await SseReader.open(`${this.#url}/api/chat`, {
      headers: { 'x-api-key': this.#tenant.apiKey },
      body: { characterId: this.#tenant.characterId, message: 'Hello', conversationId, stream: true },
    });
    await read(reader);
    return reader.status;
  }

  #note(status: number): void {
    this.count += 1;
    if (!EXPECTED.has(status)) this.others[status] = (this.others[status] ?? 0) + 1;
  }
}
