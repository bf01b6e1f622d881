import type { LimitDecision } from './rate-limiter.js';

export interface TurnSlot {
  readonly decision: LimitDecision;
  /** Once is enough, more does no harm; of a refused one it does nothing. */
  release(): void;
}

/** Turns of one client that run at the same time, over all processes. */
export interface TurnSlots {
  /**
   * In one step. A slot that a crashed process held is free again within seconds. Never rejects: where the shared count
   * is out of reach, each process counts its share.
   * @param limit at least 1.
   */
  acquire(clientId: string, limit: number): Promise<TurnSlot>;
}
