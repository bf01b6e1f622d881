import type { ApiClient } from '#tests/support/fixtures/api-client.js';
import type { Form } from './faults.js';

export interface ChatAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Names in order; none for a plain answer. */
  readonly events: readonly string[];
  /** Of the problem, as a body or as the event `error`; null: there was none. */
  readonly code: string | null;
  /** The turn, as a body or as the event `done`; null: it did not complete. */
  readonly turn: ChatTurn | null;
  /** All deltas together; of a plain answer, the reply. */
  readonly text: string;
  readonly tookMs: number;
}

export interface ChatTurn {
  readonly model: string;
  readonly reply: { readonly content: string; readonly finishReason: string };
}

export interface ChatCall {
  readonly form: Form;
  readonly characterId: string;
  readonly conversationId: string;
  /** Default "Hello". */
  readonly message?: string;
}

/** @param left aborted when the caller leaves; the call rejects then. */
export async function chat(client: ApiClient, call: ChatCall, left?: AbortSignal): Promise<ChatAnswer> {
  const { form, characterId, conversationId, message = 'Hello' } = call;
  const body = { characterId, conversationId, message, stream: form === 'streamed' };
  const start = performance.now();
  const response = await client.send('POST', '/api/chat', body, {}, left);
  const tookMs = performance.now() - start;
  const answer = {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    events: [],
    code: null,
    turn: null,
    text: '',
    tookMs,
  };
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const events = parseEvents(response.text);
    const last = events.at(-1);
    return {
      ...answer,
      events: events.map(({ name }) => name),
      code: last?.name === 'error' ? last.data.code : null,
      turn: last?.name === 'done' ? last.data : null,
      text: events.map(({ name, data }) => (name === 'delta' ? data.text : '')).join(''),
    };
  }
  if (response.status !== 200) return { ...answer, code: response.body.code };
  return { ...answer, turn: response.body, text: response.body.reply.content };
}

// biome-ignore lint/suspicious/noExplicitAny: the shape of the data is what the tests check
function parseEvents(text: string): { name: string; data: any }[] {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => {
      const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      return { name, data: JSON.parse(data) };
    });
}
