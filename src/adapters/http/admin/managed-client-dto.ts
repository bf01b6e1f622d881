import type { ManagedClient as DomainManagedClient } from '#src/domain/clients/managed-client.js';
import type { Email } from '../api/accounts/client-dto.js';
import type { Timestamp, Uuid } from '../openapi/scalars.js';

/**
 * In place of the service's own; 0 switches it off for this client.
 * @isInt
 * @minimum 0
 * @maximum 1000000
 * @example 60
 */
export type LimitOverride = number;

/**
 * In place of the service's own; 0: no budget for this client.
 * @isLong
 * @minimum 0
 * @maximum 1000000000000
 * @example 500000
 */
export type BudgetOverride = number;

/** Null: the service's own. */
export interface ClientLimits {
  chatPerMinute: LimitOverride | null;
  requestsPerMinute: LimitOverride | null;
  concurrentTurns: LimitOverride | null;
}

/** A client as the operator sees it. */
export interface ManagedClient {
  id: Uuid;
  email: Email;
  /** @example "Paint & Sons" */
  storeName: string | null;
  createdAt: Timestamp;
  /** @example false */
  suspended: boolean;
  /** @example null */
  suspendedAt: Timestamp | null;
  limits: ClientLimits;
  /** Null: the service's own. */
  budgetTokensPerDay: BudgetOverride | null;
}

export interface ManagedClientList {
  /** Newest first. */
  data: ManagedClient[];
  /**
   * For the query parameter `cursor`; null at the end.
   * @example "01a205ee-5506-7523-b71b-9e23b73a1a68"
   */
  nextCursor: string | null;
}

/** Any of these; null: the service's own. */
export interface ClientLimitsPatch {
  chatPerMinute?: LimitOverride | null;
  requestsPerMinute?: LimitOverride | null;
  concurrentTurns?: LimitOverride | null;
}

/**
 * Any of these, at least one.
 * @example { "limits": { "chatPerMinute": 60 }, "budgetTokensPerDay": 500000 }
 */
export interface ManagedClientPatch {
  suspended?: boolean;
  limits?: ClientLimitsPatch;
  /** Null: the service's own. */
  budgetTokensPerDay?: BudgetOverride | null;
}

export function toManagedClient(client: DomainManagedClient): ManagedClient {
  const { id, email, storeName, createdAt, suspendedAt, limits, budgetTokensPerDay } = client;
  return {
    id,
    email,
    storeName,
    createdAt,
    suspended: suspendedAt !== null,
    suspendedAt,
    limits,
    budgetTokensPerDay,
  };
}
