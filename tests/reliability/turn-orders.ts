import type { OnBusy } from '#src/application/ports/chat/conversation-cache.js';
import type { ErrorCode } from '#src/domain/errors.js';
import type { SabotageKind } from './sabotage.js';

/** What a worker process is started with. */
export interface WorkerSettings {
  /** As `REDIS_URL` has it. */
  readonly redisUrl: string;
  readonly sabotage: SabotageKind | null;
}

/** One request of a client to one process of the service. */
export interface TurnOrder {
  readonly number: number;
  readonly clientId: string;
  readonly conversationId: string;
  readonly message: string;
  readonly key: string;
  readonly onBusy: OnBusy;
}

export interface TurnAnswer {
  readonly turnId: string;
  readonly reply: string;
  /** Completed turns of the conversation with this one. */
  readonly turns: number;
  readonly replayed: boolean;
}

/** `internal_error` for everything that is no error of the application. */
export type TurnReport =
  | { readonly number: number; readonly answer: TurnAnswer }
  | { readonly number: number; readonly code: ErrorCode };

export type WorkerMessage = { readonly ready: true } | { readonly reports: readonly TurnReport[] };

export const CLIENTS = ['client-a', 'client-b'] as const;
export const CHARACTER_ID = 'character';

/** Messages between processes cost more than what they are about: those of so much time go together. */
export const BATCH_MS = 2;
