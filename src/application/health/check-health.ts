import type { ModelPolicy } from '#src/domain/models/model-policy.js';
import { inTime } from '../async/in-time.js';
import type { ConversationCache } from '../ports/chat/conversation-cache.js';
import type { ModelHealth } from '../ports/chat/model-health.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';
import type { Clock } from '../ports/system/clock.js';

interface Dependencies {
  readonly clients: Pick<ClientRepository, 'check'>;
  readonly conversations: Pick<ConversationCache, 'check'>;
  readonly modelHealth: ModelHealth;
  readonly modelPolicy: ModelPolicy;
  readonly clock: Clock;
}

export type PartHealth = 'ok' | 'down';

export interface Health {
  readonly status: 'ok' | 'degraded' | 'down';
  /** Whole seconds. */
  readonly uptimeSeconds: number;
  readonly checks: { readonly database: PartHealth; readonly cache: PartHealth; readonly model: PartHealth };
}

/** A part that has not answered by then counts as down. */
const DEADLINE_MS = 1000;

/**
 * Asks the parts that every turn needs. The model is never called: it is down while its circuit is open or its key or name
 * is refused, which degrades the service and no more, since another model may answer in its place.
 */
export class CheckHealth {
  readonly #deps: Dependencies;
  readonly #startedMs: number;

  constructor(deps: Dependencies) {
    this.#deps = deps;
    this.#startedMs = deps.clock.monotonicMs();
  }

  async execute(): Promise<Health> {
    const { clients, conversations, modelHealth, modelPolicy, clock } = this.#deps;
    const [database, cache] = await Promise.all([answers(clients.check()), answers(conversations.check())]);
    const model = modelHealth.isRefusing(modelPolicy.defaultModel) ? 'down' : 'ok';
    return {
      status: worstOf(database, cache, model),
      uptimeSeconds: Math.floor((clock.monotonicMs() - this.#startedMs) / 1000),
      checks: { database, cache, model },
    };
  }
}

function worstOf(database: PartHealth, cache: PartHealth, model: PartHealth): Health['status'] {
  if (database === 'down' || cache === 'down') return 'down';
  return model === 'down' ? 'degraded' : 'ok';
}

function answers(check: Promise<void>): Promise<PartHealth> {
  const asked = check.then(
    (): PartHealth => 'ok',
    (): PartHealth => 'down',
  );
  return inTime(DEADLINE_MS, asked, () => 'down');
}
