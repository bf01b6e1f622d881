import { drip } from '#tests/support/fakes/fake-openai.js';
import { RawPost } from '#tests/support/fixtures/raw-post.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { upstreamEnv } from '../target.js';
import { until } from '../until.js';

const PIECE_MS = 200;
/** Contract: a caller that goes away cancels the model call within a second; the answer itself takes as long. */
const LEFT_WITHIN_MS = 2500;
const CONTENT = 'One two three four.';

const isAnswered = (received: string) => received.includes(`"content":"${CONTENT}"`);

/**
 * A caller that ends its side may wait for the answer, or may have left: the two look the same. It is either answered
 * whole, or taken to have left, and then nothing is kept and no model goes on.
 */
async function run(arena: Arena): Promise<readonly Figure[]> {
  const upstream = await arena.startUpstream();
  upstream.behaviour = drip(PIECE_MS, { content: CONTENT });
  const target = await arena.startService({ env: upstreamEnv(upstream) });
  const tenant = await ChatTenant.arrive(target.api);
  const figures: Figure[] = [];
  for (const stream of [false, true]) {
    const conversationId = stream ? 'streamed' : 'plain';
    const request = {
      path: '/api/chat',
      headers: { 'x-api-key': tenant.apiKey },
      body: { characterId: tenant.characterId, message: 'Hello', conversationId, stream },
    };
    const how = stream ? 'a stream' : 'a plain answer';
    const sentAt = performance.now();
    const waiting = await RawPost.send(target.url, request);
    waiting.endOurSide();
    const received = String(await waiting.cutAfter(Number.POSITIVE_INFINITY));
    const leftMs = await until(() => upstream.openSockets === 0 || isAnswered(received), LEFT_WITHIN_MS);
    const kept = await tenant.turnsKept(conversationId);
    figures.push(
      exactly(`${how}: kept just when it was answered whole`, kept, isAnswered(received) ? 1 : null),
      atMost(
        `${how}: over, for the caller and for the model, after`,
        performance.now() - sentAt + leftMs,
        LEFT_WITHIN_MS,
        'ms',
      ),
    );
  }
  return figures;
}

export const halfClosed: Family = {
  name: 'half-closed',
  about: 'callers that end their side of the connection and wait for a plain answer and for a stream',
  run,
};
