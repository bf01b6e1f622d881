import type { ClientRepository } from '#src/application/ports/client-repository.js';
import type { Clock } from '#src/application/ports/clock.js';
import type { ConversationCache } from '#src/application/ports/conversation-cache.js';

interface Dependencies {
  readonly clients: Pick<ClientRepository, 'check'>;
  readonly conversations: Pick<ConversationCache, 'check'>;
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

/** Asks the parts that every turn needs. The model is never called: its provider was checked at the start. */
export class CheckHealth {
  private readonly startedMs: number;

  constructor(private readonly deps: Dependencies) {
    this.startedMs = deps.clock.monotonicMs();
  }

  async execute(): Promise<Health> {
    const { clients, conversations, clock } = this.deps;
    const [database, cache] = await Promise.all([answers(clients.check()), answers(conversations.check())]);
    return {
      status: database === 'ok' && cache === 'ok' ? 'ok' : 'down',
      uptimeSeconds: Math.floor((clock.monotonicMs() - this.startedMs) / 1000),
      checks: { database, cache, model: 'ok' },
    };
  }
}

async function answers(check: Promise<void>): Promise<PartHealth> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<PartHealth>((resolve) => {
    timer = setTimeout(resolve, DEADLINE_MS, 'down');
  });
  const asked = check.then(
    (): PartHealth => 'ok',
    (): PartHealth => 'down',
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
