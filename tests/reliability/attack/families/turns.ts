import { setTimeout as delay } from 'node:timers/promises';
import { type Behaviour, complete } from '#tests/support/fakes/fake-openai.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import type { Family } from '../family.js';
import { exactly, type Figure } from '../figure.js';
import { upstreamEnv } from '../target.js';

/** The shortest lifetime that a character may have. */
const TTL_SECONDS = 10;

const after =
  (ms: number, behaviour: Behaviour): Behaviour =>
  async (request, response) => {
    await delay(ms);
    await behaviour(request, response);
  };

async function run(arena: Arena): Promise<readonly Figure[]> {
  const upstream = await arena.startUpstream();
  const target = await arena.startService({ env: { ...NO_LIMITS, ...upstreamEnv(upstream) } });
  const tenant = await ChatTenant.arrive(target.api, { ttlSeconds: TTL_SECONDS });
  const figures = await onceOnly(tenant);
  figures.push(
    ...(await changedInMidTurn(tenant, (behaviour) => {
      upstream.behaviour = behaviour;
    })),
  );
  upstream.behaviour = complete();
  await tenant.chat({ conversationId: 'expiring' });
  await delay((TTL_SECONDS - 1) * 1000);
  upstream.behaviour = after(3000, complete());
  figures.push(...(await holdsTogether(tenant, 'expiring', 'a turn during which its conversation expires')));
  upstream.behaviour = after((TTL_SECONDS + 1) * 1000, complete());
  figures.push(...(await holdsTogether(tenant, 'slow', 'an answer that takes longer than the lifetime')));
  return figures;
}

/** What the turn's answer says of its conversation is what can be read afterwards. */
async function holdsTogether(tenant: ChatTenant, conversationId: string, what: string): Promise<Figure[]> {
  const { status, body } = await tenant.chat({ conversationId });
  const kept = await tenant.turnsKept(conversationId);
  return [
    exactly(what, status, 200),
    exactly(`${what}: turns answered and kept are the same`, kept, body?.conversation?.turns),
  ];
}

async function changedInMidTurn(
  tenant: ChatTenant,
  behave: (behaviour: Behaviour) => void,
): Promise<Figure[]> {
  behave(after(1000, complete()));
  const turn = tenant.chat({ conversationId: 'changed' });
  await delay(300);
  const change = await tenant.api.patch(`/api/characters/${tenant.characterId}`, {
    instructions: 'Now you sell maps.',
  });
  const { status } = await turn;
  return [
    exactly('a character is changed in mid-turn', change.status, 200),
    exactly('that turn', status, 200),
    exactly('turns kept of it', await tenant.turnsKept('changed'), 1),
  ];
}

/** One key for an answer: again in whatever form, and never for another request. */
async function onceOnly(tenant: ChatTenant): Promise<Figure[]> {
  const key = { 'idempotency-key': 'one-key' };
  const first = await tenant.chat({ conversationId: 'first' }, key);
  const again = await tenant.chat({ conversationId: 'first' }, key);
  const streamed = await tenant.chat({ conversationId: 'first' }, { ...key, accept: 'text/event-stream' });
  const elsewhere = await tenant.chat({ conversationId: 'second' }, key);
  const another = await tenant.chat(
    { conversationId: 'first', characterId: await tenant.api.createCharacter() },
    key,
  );
  return [
    exactly('one idempotency key, the same request: the same turn', again.body?.turnId, first.body?.turnId),
    exactly('streamed: the same turn', streamed.text.includes(first.body?.turnId), true),
    exactly('another conversation, another character', [elsewhere.status, another.status], [422, 422]),
    exactly('turns kept', await tenant.turnsKept('first'), 1),
    exactly('turns kept elsewhere', await tenant.turnsKept('second'), null),
  ];
}

export const turns: Family = {
  name: 'turns',
  about:
    'expiry and changes in mid-turn, answers slower than the lifetime, one idempotency key for everything',
  run,
};
