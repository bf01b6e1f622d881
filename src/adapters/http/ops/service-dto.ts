import type { PartHealth } from '#src/application/health/check-health.js';
import type { Count } from '../openapi/scalars.js';

export interface ServiceInfo {
  /** @example "FastWrap" */
  name: string;
  /** @example "0.1.0" */
  version: string;
  /**
   * A path on this host, as the next two are.
   * @example "/docs"
   */
  docs: string;
  /** @example "/openapi.json" */
  openapi: string;
  /** @example "/health" */
  health: string;
}

export interface HealthReport {
  status: 'ok' | 'degraded' | 'down';
  /** @example "0.1.0" */
  version: string;
  /** @example 86400 */
  uptimeSeconds: Count;
  checks: HealthChecks;
}

export interface HealthChecks {
  database: PartHealth;
  cache: PartHealth;
  model: PartHealth;
}

export interface Liveness {
  status: 'ok';
}
