import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { ClientLimits } from '#src/domain/clients/client-terms.js';
import type { ManagedClient } from '#src/domain/clients/managed-client.js';
import { AppError, invalidFields } from '#src/domain/errors.js';
import type { ManagedClientRepository } from '../ports/storage/managed-client-repository.js';
import type { AuditLog } from '../ports/system/audit-log.js';
import { type Clock, isoTime } from '../ports/system/clock.js';

interface Dependencies {
  readonly managedClients: ManagedClientRepository;
  readonly clock: Clock;
  readonly audit: AuditLog;
}

export interface UpdateManagedClientInput {
  readonly clientId: string;
  readonly suspended?: boolean;
  /** The named ones alone. */
  readonly limits?: Partial<ClientLimits>;
  readonly budgetTokensPerDay?: number | null;
  readonly origin: RequestOrigin;
}

/** What the operator decides about a client. A suspended one is refused everywhere, and its running turns end. */
export class UpdateManagedClient {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute(input: UpdateManagedClientInput): Promise<ManagedClient> {
    const { managedClients, clock, audit } = this.#deps;
    const { clientId, suspended, limits, budgetTokensPerDay, origin } = input;
    const changesTerms = [...Object.values(limits ?? {}), budgetTokensPerDay].some(
      (change) => change !== undefined,
    );
    if (suspended === undefined && !changesTerms) {
      throw invalidFields({ field: 'body', message: 'must change suspended, limits or budgetTokensPerDay' });
    }
    const client = await managedClients.update(clientId, {
      ...(suspended === undefined ? {} : { suspendedAt: suspended ? isoTime(clock.now()) : null }),
      ...(limits === undefined ? {} : { limits }),
      ...(budgetTokensPerDay === undefined ? {} : { budgetTokensPerDay }),
    });
    if (client === null) throw new AppError('client_not_found');
    if (suspended !== undefined) {
      audit.record({ event: suspended ? 'client_suspended' : 'client_resumed', origin, clientId });
    }
    if (changesTerms) audit.record({ event: 'client_updated', origin, clientId });
    return client;
  }
}
