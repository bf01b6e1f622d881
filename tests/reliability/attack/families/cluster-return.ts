import { setTimeout as delay } from 'node:timers/promises';
import { RedisCluster } from '#tests/reliability/redis-cluster.js';
import { complete, drip } from '#tests/support/fakes/fake-openai.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import { countStatuses } from '../account.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { upstreamEnv } from '../target.js';
import { until } from '../until.js';

const MODEL_MS = 600;
const WELL_AGAIN_MS = 10_000;
/** In which whatever the client still has comes out of its queues. */
const SETTLED_MS = 3000;

/** What was refused while a node was away must not happen when it returns and the client replays what it had queued. */
async function run(arena: Arena): Promise<readonly Figure[]> {
  const cluster = arena.own(await RedisCluster.start());
  const upstream = await arena.startUpstream();
  const target = await arena.startService({
    env: { ...NO_LIMITS, ...upstreamEnv(upstream), REDIS_URL: cluster.url, LOG_LEVEL: 'error' },
  });
  const figures: Figure[] = [];
  for (const how of ['frozen', 'ended'] as const) {
    const tenants = await Promise.all(Array.from({ length: 12 }, () => ChatTenant.arrive(target.api)));
    for (const tenant of tenants) await tenant.chat({ conversationId: 'before' });
    const answers: { tenant: ChatTenant; conversationId: string; status: number }[] = [];
    const chatAll = (name: string) =>
      Promise.all(
        tenants.map(async (tenant) => {
          const conversationId = `${how}-${name}`;
          const { status } = await tenant.chat({ conversationId });
          answers.push({ tenant, conversationId, status });
        }),
      );
    upstream.behaviour = drip(MODEL_MS / 5);
    // Their turns are open, and are to be committed when nobody answers any more.
    const underWay = chatAll('under-way');
    await delay(MODEL_MS / 2);
    const deletions = await cluster.whileOneIs(how, async () => {
      await underWay;
      const deleted = await Promise.all(
        tenants.map(async ({ api }) => (await api.delete('/api/conversations/before')).status),
      );
      for (let round = 0; round < arena.quick(3, 10); round += 1) await chatAll(String(round));
      return deleted;
    });
    upstream.behaviour = complete();
    const wellMs = await until(async () => {
      const again = await Promise.all(tenants.map((tenant) => tenant.chat({ conversationId: 'after' })));
      return again.every(({ status }) => status === 200);
    }, WELL_AGAIN_MS);
    await delay(SETTLED_MS);
    const refused = answers.filter(({ status }) => status !== 200);
    const before = await Promise.all(tenants.map((tenant) => tenant.turnsKept('before')));
    const refusedDeletions = tenants.flatMap((_, index) => (deletions[index] === 503 ? [before[index]] : []));
    const kept = await Promise.all(
      refused.map(({ tenant, conversationId }) => tenant.turnsKept(conversationId)),
    );
    figures.push(
      exactly(
        `a node ${how}: of ${answers.length} turns (${JSON.stringify(countStatuses(answers))}), refused otherwise than with 503`,
        refused.filter(({ status }) => status !== 503).length,
        0,
      ),
      exactly(`a node ${how}: it refused some`, refused.length > 0, true),
      exactly(
        `a node ${how}: of ${refused.length} refused turns, there when it is back`,
        kept.filter((turns) => turns !== null).length,
        0,
      ),
      atMost(`a node ${how}: all well again after`, wellMs / 1000, WELL_AGAIN_MS / 1000, 's'),
    );
    if (how === 'frozen') {
      figures.push(
        exactly(
          `a node frozen: of ${refusedDeletions.length} refused deletions, carried out when it is back`,
          refusedDeletions.filter((turns) => turns === null).length,
          0,
        ),
      );
    }
  }
  return figures;
}

export const clusterReturn: Family = {
  name: 'cluster-return',
  about: 'a node of a Redis Cluster freezes, or ends, and returns: the client replays what it had queued',
  run,
};
