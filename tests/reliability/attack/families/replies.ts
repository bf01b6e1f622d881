import {
  type Behaviour,
  beginAnswer,
  complete,
  completionBody,
  streamEvents,
} from '#tests/support/fakes/fake-openai.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { upstreamEnv } from '../target.js';

const PIECES = 100_000;
const HUGE = 10_000_000;
const WELL_ENDED = [200, 422, 502];

/** The usual answer with bytes in place of a mark, which no string could hold. */
const withBytes =
  (bytes: Buffer): Behaviour =>
  (request, response) => {
    const [mark, answer] = ['@mark@', { content: 'a @mark@ b' }];
    const isStream = request.body.stream === true;
    const text = isStream
      ? streamEvents(request.body, answer).join('')
      : JSON.stringify(completionBody(request.body, answer));
    beginAnswer(request, response);
    for (const [index, part] of text.split(mark).entries()) {
      if (index > 0) response.write(bytes);
      response.write(part);
    }
    response.end();
  };

const ODD: Readonly<Record<string, Behaviour>> = {
  'broken UTF-8': withBytes(Buffer.from([0xff, 0xfe, 0xc3, 0x28])),
  'half a character': withBytes(Buffer.from([0xe2, 0x82])),
  NUL: complete({ content: 'a\0b' }),
  'half a surrogate pair': complete({ content: 'a\ud800b' }),
  'line separators': complete({ content: 'a\u2028b\r\nc\n\ndata: d' }),
  'an answer of 10 MB': complete({
    content: 'a'.repeat(HUGE),
    pieces: Array(10).fill('a'.repeat(HUGE / 10)),
  }),
};

async function run(arena: Arena): Promise<readonly Figure[]> {
  const upstream = await arena.startUpstream();
  const target = await arena.startService({ env: { ...NO_LIMITS, ...upstreamEnv(upstream) } });
  const tenant = await ChatTenant.arrive(target.api);
  const wrong: string[] = [];
  for (const [name, behaviour] of Object.entries(ODD)) {
    for (const stream of [false, true]) {
      upstream.behaviour = behaviour;
      const { status } = await tenant.chat({ stream, conversationId: crypto.randomUUID() });
      if (!WELL_ENDED.includes(status)) wrong.push(`${name}, ${stream ? 'streamed' : 'plain'}: ${status}`);
    }
  }
  const memory = target.memoryMib;
  upstream.behaviour = complete({ pieces: Array.from({ length: PIECES }, () => 'a ') });
  const caller = arena.startCaller({ url: `${target.url}/livez`, everyMs: 20 });
  await caller.hasBegun();
  const { text } = await tenant.chat({ stream: true, conversationId: 'pieces' });
  const others = await caller.stop();
  upstream.behaviour = complete();
  return [
    exactly('odd answers that end otherwise than well or in 422 or 502', wrong, []),
    exactly(
      `${PIECES} pieces: the stream ends in`,
      text.includes('event: done') ? 'done' : 'not done',
      'done',
    ),
    atMost(`${PIECES} pieces: others, worst`, others.worstMs, 100, 'ms'),
    atMost(`${PIECES} pieces: more memory`, target.memoryMib - memory, 200, 'MiB'),
    exactly('the next turn', (await tenant.chat({ conversationId: 'next' })).status, 200),
  ];
}

export const replies: Family = {
  name: 'replies',
  about: '100,000 tiny pieces, 10 MB, broken UTF-8, NUL and half characters from the model',
  run,
};
