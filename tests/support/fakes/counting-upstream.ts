import { once } from 'node:events';
import { estimateTokens } from '#src/domain/models/token-estimate.js';
import {
  type Behaviour,
  beginAnswer,
  complete,
  FakeOpenAi,
  hang,
  type ReceivedRequest,
  refuse,
  streamEvents,
} from './fake-openai.js';

/** What a message can ask of the upstream by its first word. */
export const WISHES = [
  'answer',
  'uncounted',
  'filtered',
  'unreported',
  'refused',
  'silent',
  'cut',
  'stalled',
] as const;
export type Wish = (typeof WISHES)[number];

const PIECES = ['Good ', 'day, ', 'dear ', 'reader.'];
const CUT_PIECES = PIECES.slice(0, 3);

/**
 * A provider that keeps its own count, by the rule that docs/adr/0013 publishes: an answer costs what is reported with it,
 * else the estimate; one that ends in its middle costs the prompt and as much as was said; one that nobody waited for, the
 * prompt; an error response nothing.
 */
export class CountingUpstream {
  /** Tokens. */
  spent = 0;
  /** Those that were granted at least once. */
  readonly requested = new Set<Wish>();
  readonly #seen = new Set<string>();
  readonly #waiting = new Map<string, () => void>();

  private constructor(readonly fake: FakeOpenAi) {
    fake.behaviour = (request, response) => {
      const message = messageOf(request);
      this.#seen.add(message);
      this.#waiting.get(message)?.();
      const wish = wishOf(message);
      this.requested.add(wish);
      return this.#behaviours[wish](request, response);
    };
  }

  static async start(): Promise<CountingUpstream> {
    return new CountingUpstream(await FakeOpenAi.start());
  }

  /** Resolves when the message has arrived. */
  async received(message: string): Promise<void> {
    if (this.#seen.has(message)) return;
    await new Promise<void>((resolve) => this.#waiting.set(message, resolve));
  }

  readonly #behaviours: Readonly<Record<Wish, Behaviour>> = {
    answer: (request, response) => {
      const usage = usageFor(request);
      this.#count(usage.prompt_tokens + usage.completion_tokens);
      return complete({ usage })(request, response);
    },
    uncounted: (request, response) => {
      this.#count(promptTokens(request) + estimateTokens(PIECES.join('')));
      return complete({ content: PIECES.join(''), usage: null })(request, response);
    },
    filtered: (request, response) => {
      const usage = usageFor(request);
      this.#count(usage.prompt_tokens + usage.completion_tokens);
      return complete({ usage, finishReason: 'content_filter' })(request, response);
    },
    unreported: (request, response) => {
      this.#count(promptTokens(request) + estimateTokens(PIECES.join('')));
      return complete({ content: PIECES.join(''), usage: null, finishReason: 'content_filter' })(
        request,
        response,
      );
    },
    refused: refuse(400),
    silent: (request, response) => {
      this.#count(promptTokens(request));
      return hang()(request, response);
    },
    cut: async (request, response) => {
      await this.#begin(request, response);
      response.end();
    },
    stalled: (request, response) => this.#begin(request, response),
  };

  /** Three pieces of a stream. */
  async #begin(...[request, response]: Parameters<Behaviour>): Promise<void> {
    this.#count(promptTokens(request) + estimateTokens(CUT_PIECES.join('')));
    beginAnswer(request, response);
    response.write(
      streamEvents(request.body, { pieces: CUT_PIECES })
        .slice(0, CUT_PIECES.length + 1)
        .join(''),
    );
    if (response.writableNeedDrain) await once(response, 'drain');
  }

  #count(tokens: number): void {
    this.spent += tokens;
  }
}

function messageOf({ body }: ReceivedRequest): string {
  return body.messages?.at(-1)?.content ?? '';
}

function wishOf(message: string): Wish {
  const wish = WISHES.find((word) => message.startsWith(word));
  if (wish === undefined) throw new Error('nobody knows that wish');
  return wish;
}

function promptTokens({ body }: ReceivedRequest): number {
  return (body.messages ?? []).reduce((sum, { content }) => sum + estimateTokens(content), 0);
}

/** As dear as the prompt and the cap allow, so that nothing but the budget stands between the turns and an overrun. */
function usageFor(request: ReceivedRequest): { prompt_tokens: number; completion_tokens: number } {
  const cap = request.body['max_tokens'];
  return { prompt_tokens: promptTokens(request), completion_tokens: typeof cap === 'number' ? cap : 1 };
}
