import type { HistoryBounds } from '#src/domain/conversation.js';
import type { ModelPolicy } from '#src/domain/model-policy.js';
import type { Provider } from '#src/domain/model-provider.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface ModelConfig {
  readonly provider: Provider;
  readonly apiKey: string | null;
  /** Null: the provider's own. */
  readonly baseUrl: string | null;
  readonly totalMs: number;
}

export type DatabaseConfig = { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'memory' };

export interface ConversationCacheConfig {
  readonly kind: 'memory';
  readonly maxConversations: number;
  readonly maxBytes: number;
}

/** Everything that can be chosen from outside, checked and frozen. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly serviceKey: string | null;
  /** Null: made once and kept beside the database. */
  readonly secret: string | null;
  readonly signup: 'open' | 'operator';
  readonly model: ModelConfig;
  readonly modelPolicy: ModelPolicy;
  readonly conversationCache: ConversationCacheConfig;
  readonly database: DatabaseConfig;
  readonly historyBounds: HistoryBounds;
  readonly logLevel: LogLevel;
  readonly shutdownGraceMs: number;
}
