/** Forked: one process of the service without its HTTP. Takes batches of orders, and reports how each turn went. */

import { MemoryTokenBudget } from '#src/adapters/memory/budgets/memory-token-budget.js';
import { MemoryCharacterRepository } from '#src/adapters/memory/storage/memory-character-repository.js';
import { MemoryClientRepository } from '#src/adapters/memory/storage/memory-client-repository.js';
import { MemoryDatabase } from '#src/adapters/memory/storage/memory-database.js';
import { MemoryUsageRepository } from '#src/adapters/memory/storage/memory-usage-repository.js';
import { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import { RedisConversationCache } from '#src/adapters/redis/conversations/redis-conversation-cache.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import { UuidV7Generator } from '#src/adapters/system/uuid-v7-generator.js';
import { UsageRecords } from '#src/application/background/usage-records.js';
import { SendMessage } from '#src/application/chat/send-message.js';
import { TurnMeters } from '#src/application/chat/turn-meters.js';
import { TurnObservers } from '#src/application/chat/turn-observers.js';
import { STANDARD_TERMS } from '#src/domain/clients/client-terms.js';
import { AppError } from '#src/domain/errors.js';
import { parseRedisUrl } from '#src/infrastructure/config/redis-url.js';
import { MarkingLlmGateway } from './marking-llm-gateway.js';
import { sabotaged } from './sabotage.js';
import {
  BATCH_MS,
  CHARACTER_ID,
  CLIENTS,
  type TurnOrder,
  type TurnReport,
  type WorkerSettings,
} from './turn-orders.js';

/** Everything is kept, so that everything can be looked for. */
const BOUNDS = { maxMessages: 100_000, maxTokens: 100_000_000 };
const MAX_WAIT_MS = 1500;
/** Never reached, and counted all the same. */
const MAX_TURNS = 1000;
const ORIGIN = {
  requestId: 'r',
  address: null,
  rateLimitAddress: '',
  actor: 'client',
  actorKeyId: null,
} as const;
const SINCE = '2026-01-01T00:00:00.000Z';

const { redisUrl, sabotage }: WorkerSettings = JSON.parse(process.argv[2] ?? '');
const quiet = () => {};
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

const database = new MemoryDatabase();
const clients = new MemoryClientRepository(database);
const characters = new MemoryCharacterRepository(database);
for (const clientId of CLIENTS) await addClient(clientId);

const settings = parseRedisUrl(redisUrl);
if (settings === null) throw new Error('not the address of a Redis');
const connection = await RedisConnection.open({ settings, logger });
const cache = new RedisConversationCache({ connection, bounds: BOUNDS, maxWaitMs: MAX_WAIT_MS });

const clock = new SystemClock();
const usageRepository = new MemoryUsageRepository(database);
const costs = new TurnMeters({
  budget: new MemoryTokenBudget(),
  usage: new UsageRecords({ usageRepository, clock }),
  usageRepository,
  clock,
  budgetTokensPerDay: 0,
});

const sendMessage = new SendMessage({
  characters,
  conversations: sabotage === null ? cache : sabotaged(cache, connection.client, sabotage),
  llm: new MarkingLlmGateway(),
  modelPolicy: { defaultModel: 'marking', allowedModels: ['marking'], maxOutputTokens: 100 },
  historyBounds: BOUNDS,
  ids: new UuidV7Generator(),
  clock,
  costs,
  requestLimits: {
    concurrentTurns: () => MAX_TURNS,
    concurrencyLimited: () => Promise.reject(new Error('no turn is refused for a limit')),
  },
  observers: new TurnObservers({ observers: [], clock, logger }),
});

let reports: TurnReport[] = [];

process.on('message', (orders: readonly TurnOrder[]) => {
  for (const order of orders) void run(order).then(report);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });

async function run({ number, key, clientId, ...request }: TurnOrder): Promise<TurnReport> {
  try {
    const { turn, conversation, replayed } = await sendMessage.execute({
      ...request,
      caller: { ...STANDARD_TERMS, kind: 'client', clientId, keyId: 'key' },
      characterId: CHARACTER_ID,
      origin: ORIGIN,
      idempotency: { key, digest: request.message },
      signal: new AbortController().signal,
    });
    const reply = turn.outcome.reply.content;
    return { number, answer: { turnId: turn.id, reply, turns: conversation.turns, replayed } };
  } catch (error) {
    return { number, code: error instanceof AppError ? error.code : 'internal_error' };
  }
}

function report(ended: TurnReport): void {
  reports.push(ended);
  if (reports.length > 1) return;
  setTimeout(() => {
    process.send?.({ reports });
    reports = [];
  }, BATCH_MS);
}

async function addClient(clientId: string): Promise<void> {
  await clients.create(
    {
      client: { id: clientId, email: `${clientId}@example.com`, storeName: null, createdAt: SINCE },
      passwordHash: '',
    },
    { id: clientId, name: null, digest: new Uint8Array(32), lastFour: '0000', createdAt: SINCE },
  );
  const texts = { name: 'Ada', instructions: 'You sell books.', greeting: null };
  const settings = { model: null, temperature: null, maxOutputTokens: null, ttlSeconds: 3600 };
  const times = { createdAt: SINCE, updatedAt: SINCE };
  await characters.create(clientId, { id: CHARACTER_ID, ...texts, ...settings, ...times }, 1);
}
