import { ContainerModule } from 'inversify';
import { LogAuditLog } from '#src/adapters/system/log-audit-log.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import { UuidV7Generator } from '#src/adapters/system/uuid-v7-generator.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { AUDIT, CLOCK, IDS, LOGGER } from '../tokens.js';

export function systemModule(logger: Logger): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(CLOCK).toConstantValue(new SystemClock());
    bind(IDS).toConstantValue(new UuidV7Generator());
    bind(LOGGER).toConstantValue(logger);
    bind(AUDIT).toConstantValue(new LogAuditLog(logger));
  });
}
