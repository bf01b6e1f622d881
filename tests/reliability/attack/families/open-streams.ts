import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type Behaviour, beginAnswer, streamEvents } from '#tests/support/fakes/fake-openai.js';
import { SseReader } from '#tests/support/fixtures/sse-reader.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { upstreamEnv } from '../target.js';
import { until } from '../until.js';

const STREAMS = 2000;
/** So many are opened at the same time. */
const AT_ONCE = 50;
const ANSWER: Answer = { content: 'one two three four five six seven eight nine ten' };
/** The first of them wait for the last to be opened. */
const SILENCE = { MODEL_CHUNK_MS: '60000', MODEL_TOTAL_MS: '120000' };
const PIECE_MS = 2000;
const SLACK = 10;

/** Says a first word at once, and the others, one after the other, on release. */
const heldUntil =
  (release: Promise<void>): Behaviour =>
  async (request, response) => {
    beginAnswer(request, response);
    const [role = '', first = '', ...rest] = streamEvents(request.body, ANSWER);
    response.write(role + first);
    await release;
    // No two models speak in step.
    await delay(request.index % PIECE_MS);
    for (const event of rest) {
      await delay(PIECE_MS);
      response.write(event);
    }
    response.end();
  };

async function run(arena: Arena): Promise<readonly Figure[]> {
  const streams = arena.quick(400, STREAMS);
  const upstream = await arena.startUpstream();
  let release = () => {};
  upstream.behaviour = heldUntil(
    new Promise<void>((resolve) => {
      release = resolve;
    }),
  );
  const target = await arena.startService({ env: { ...NO_LIMITS, ...upstreamEnv(upstream), ...SILENCE } });
  const tenant = await ChatTenant.arrive(target.api);
  const atRest = target.openFiles;
  const caller = arena.startCaller({ url: `${target.url}/livez`, everyMs: 50 });
  const readers: SseReader[] = [];
  while (readers.length < streams) {
    const opening = Array.from({ length: AT_ONCE }, () =>
      SseReader.open(`${target.url}/api/chat`, {
        headers: { 'x-api-key': tenant.apiKey },
        body: { characterId: tenant.characterId, message: 'Hello', stream: true },
      }),
    );
    readers.push(...(await Promise.all(opening)));
  }
  const memory = target.memoryMib;
  const open = upstream.openSockets;
  release();
  const ends = await Promise.all(
    readers.map(async (reader) => (await reader.rest()).at(-1)?.event ?? 'none'),
  );
  const others = await caller.stop();
  await until(() => target.openFiles <= atRest + SLACK, 15_000);
  return [
    exactly('open at the same time, as the model sees it', open, streams),
    exactly(
      `of ${streams} open streams, that end in done`,
      ends.filter((event) => event === 'done').length,
      streams,
    ),
    atMost('memory with all of them open', memory, 700, 'MiB'),
    atMost('others, p99', others.p99Ms, 250, 'ms'),
    exactly('others failed', others.failures, '{}'),
    atMost(`descriptors afterwards, at rest ${atRest}`, target.openFiles, atRest + SLACK),
  ];
}

export const openStreams: Family = {
  name: 'open-streams',
  about: '2,000 streams open at the same time in one process',
  run,
};
