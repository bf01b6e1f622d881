import type { RedisSettings } from '#src/adapters/redis/connection/redis-settings.js';
import type { LimitSettings } from '#src/application/limits/limit-settings.js';
import type { HistoryBounds } from '#src/domain/conversations/conversation.js';
import type { ModelPolicy } from '#src/domain/models/model-policy.js';
import type { Provider } from '#src/domain/models/model-provider.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Where a model answers. */
export interface ProviderConfig {
  readonly provider: Provider;
  readonly model: string;
  readonly apiKey: string | null;
  /** Null: the provider's own. */
  readonly baseUrl: string | null;
}

export interface ModelDeadlines {
  /** Of one call that is streamed: until the first word. */
  readonly firstTokenMs: number;
  /** Of one call that is streamed: between two pieces. */
  readonly chunkMs: number;
  /** Of one turn, with everything that is tried. */
  readonly totalMs: number;
}

export interface ModelConfig {
  readonly primary: ProviderConfig;
  readonly fallback: ProviderConfig | null;
  readonly deadlines: ModelDeadlines;
  /** Whether the start asks providers for their lists of models. */
  readonly check: boolean;
}

/** Where LangSmith takes traces. */
export interface TracingConfig {
  readonly apiKey: string;
  readonly endpoint: string;
  readonly project: string;
}

export type DatabaseConfig = { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'memory' };

export interface ConversationCacheConfig {
  readonly kind: 'memory' | 'redis';
  readonly maxConversations: number;
  readonly maxBytes: number;
  /** Turns that may wait for one conversation, besides the open one. */
  readonly maxWaiting: number;
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
  readonly limits: LimitSettings;
  /** How many processes share the limits while each counts by itself. */
  readonly instances: number;
  /** Open at the same time, of one address that is no trusted proxy's; 0: no bound. */
  readonly connectionsPerAddress: number;
  /** Addresses and CIDRs whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Whose pages may call from a browser; empty: nobody's. */
  readonly corsOrigins: readonly string[];
  readonly model: ModelConfig;
  readonly modelPolicy: ModelPolicy;
  /** Null: nothing is traced. */
  readonly tracing: TracingConfig | null;
  /** Null: there is none. */
  readonly redis: RedisSettings | null;
  readonly conversationCache: ConversationCacheConfig;
  readonly database: DatabaseConfig;
  readonly historyBounds: HistoryBounds;
  /** Of each client that has none of its own; 0: none. */
  readonly budgetTokensPerDay: number;
  readonly logLevel: LogLevel;
  readonly startTimeoutMs: number;
  readonly shutdownGraceMs: number;
}
