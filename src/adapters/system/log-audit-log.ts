import type { AuditEntry, AuditLog } from '#src/application/ports/system/audit-log.js';
import type { Logger } from '#src/application/ports/system/logger.js';

/** One line of the log for each entry, at `info`; its field `audit` names the event. */
export class LogAuditLog implements AuditLog {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  record({ event, origin, clientId, keyId, limit }: AuditEntry): void {
    const { requestId, address, actor, actorKeyId } = origin;
    this.#logger.info(
      {
        audit: event,
        clientId,
        keyId,
        limit,
        actor,
        actorKeyId: actorKeyId ?? undefined,
        address,
        requestId,
      },
      'audit',
    );
  }
}
