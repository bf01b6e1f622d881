import { RedisConnection } from '#src/adapters/redis/redis-connection.js';
import {
  RedisConversationCache,
  type RedisConversationCacheOptions,
} from '#src/adapters/redis/redis-conversation-cache.js';
import type { OpenTurn, OpenTurnRequest } from '#src/application/ports/conversation-cache.js';
import type { Conversation } from '#src/domain/conversation.js';
import {
  CHARACTER,
  CLIENT,
  CONVERSATION,
  completedTurn,
  TTL_SECONDS,
} from '#tests/support/conversation-cache-bench.js';
import { type LogLine, recordingLogger } from '#tests/support/test-app.js';
import type { RedisUnderTest } from '#tests/support/with-redis.js';

type Options = Partial<Omit<RedisConversationCacheOptions, 'connection'>>;

/** What one process has: its connection and its cache. */
export class RedisBench {
  readonly cache: RedisConversationCache;

  private constructor(
    readonly connection: RedisConnection,
    readonly logLines: readonly LogLine[],
    options: Options,
  ) {
    this.cache = new RedisConversationCache({
      connection,
      bounds: { maxMessages: 200, maxTokens: 100_000 },
      ...options,
    });
  }

  static async start({ connection: settings }: RedisUnderTest, options: Options = {}): Promise<RedisBench> {
    const lines: LogLine[] = [];
    const connection = await RedisConnection.open({ settings, logger: recordingLogger(lines) });
    return new RedisBench(connection, lines, options);
  }

  ask(changes: Partial<OpenTurnRequest> = {}): ReturnType<RedisConversationCache['openTurn']> {
    return this.cache.openTurn(CLIENT, {
      conversationId: CONVERSATION,
      characterId: CHARACTER,
      onBusy: 'queue',
      idempotency: null,
      maxConcurrentTurns: null,
      signal: new AbortController().signal,
      ...changes,
    });
  }

  async open(changes: Partial<OpenTurnRequest> = {}): Promise<OpenTurn> {
    const opened = await this.ask(changes);
    if (opened.kind !== 'open') throw new Error(`it was not opened: ${opened.kind}`);
    return opened;
  }

  async add(id: string, changes: Partial<OpenTurnRequest> = {}): Promise<Conversation> {
    return (await this.open(changes)).commit(completedTurn(id), TTL_SECONDS, () => `kept ${id}`);
  }

  /** As it goes when a process dies: nothing is renewed and nothing given back. */
  async die(): Promise<void> {
    await this.connection.close();
    await this.cache.close();
  }

  async stop(): Promise<void> {
    await this.cache.close();
    await this.connection.close();
  }
}
