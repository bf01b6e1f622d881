import { drip } from '#tests/support/fakes/fake-openai.js';
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
const CONTENT = 'one two three four five six seven eight nine ten';
const SLACK = 10;

async function run(arena: Arena): Promise<readonly Figure[]> {
  const streams = arena.quick(400, STREAMS);
  const upstream = await arena.startUpstream();
  upstream.behaviour = drip(2000, { content: CONTENT });
  const target = await arena.startService({ env: { ...NO_LIMITS, ...upstreamEnv(upstream) } });
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
  const ends = await Promise.all(
    readers.map(async (reader) => (await reader.rest()).at(-1)?.event ?? 'none'),
  );
  const others = await caller.stop();
  await until(() => target.openFiles <= atRest + SLACK, 15_000);
  return [
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
