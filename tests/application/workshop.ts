import { HmacApiKeyMint } from '#src/adapters/crypto/hmac-api-key-mint.js';
import { MemoryCharacterRepository } from '#src/adapters/memory/memory-character-repository.js';
import { MemoryClientRepository } from '#src/adapters/memory/memory-client-repository.js';
import { MemoryConversationCache } from '#src/adapters/memory/memory-conversation-cache.js';
import { MemoryDatabase } from '#src/adapters/memory/memory-database.js';
import { MemoryManagedClientRepository } from '#src/adapters/memory/memory-managed-client-repository.js';
import { MemoryTokenBudget } from '#src/adapters/memory/memory-token-budget.js';
import { MemoryUsageRepository } from '#src/adapters/memory/memory-usage-repository.js';
import { FlexibleFailureLimiter } from '#src/adapters/rate-limiter-flexible/flexible-failure-limiter.js';
import { FlexibleKnownAddresses } from '#src/adapters/rate-limiter-flexible/flexible-known-addresses.js';
import { FlexibleRateLimiter } from '#src/adapters/rate-limiter-flexible/flexible-rate-limiter.js';
import { MemoryCounters } from '#src/adapters/rate-limiter-flexible/memory-counters.js';
import { LogAuditLog } from '#src/adapters/system/log-audit-log.js';
import { UuidV7Generator } from '#src/adapters/system/uuid-v7-generator.js';
import type { RequestOrigin } from '#src/application/access/request-origin.js';
import { CreateCharacter } from '#src/application/characters/create-character.js';
import {
  SendMessage,
  type SendMessageInput,
  type SendMessageOutput,
} from '#src/application/chat/send-message.js';
import { TurnCosts } from '#src/application/chat/turn-costs.js';
import { ApiKeyUses } from '#src/application/clients/api-key-uses.js';
import { PasswordAttempts } from '#src/application/clients/password-attempts.js';
import { SignUp } from '#src/application/clients/sign-up.js';
import { RequestLimits } from '#src/application/limits/request-limits.js';
import { UsageRecords } from '#src/application/usage/usage-records.js';
import type { Character, CharacterTraits } from '#src/domain/character.js';
import { FastPasswordHasher } from '#tests/support/fast-password-hasher.js';
import { ManualClock } from '#tests/support/manual-clock.js';
import { ScriptedLlmGateway } from '#tests/support/scripted-llm-gateway.js';
import { type LogLine, recordingLogger } from '#tests/support/test-app.js';

export const ORIGIN: RequestOrigin = {
  requestId: 'request-1',
  address: '192.0.2.1',
  addressUnit: '192.0.2.1',
  actor: 'anonymous',
  actorKeyId: null,
};

type MessageInput = Pick<SendMessageInput, 'clientId' | 'characterId'> & Partial<SendMessageInput>;

/** The parts that use cases are made of: real ones in memory, a clock that stands still, a model that obeys. */
export class Workshop {
  readonly clock = new ManualClock();
  readonly ids = new UuidV7Generator();
  readonly llm = new ScriptedLlmGateway();
  readonly logLines: LogLine[] = [];
  readonly logger = recordingLogger(this.logLines);
  readonly historyBounds = { maxMessages: 6, maxTokens: 1000 };
  readonly modelPolicy = { defaultModel: 'house', allowedModels: ['house', 'large'], maxOutputTokens: 500 };
  readonly apiKeys = new HmacApiKeyMint(new Uint8Array(32).fill(1));
  readonly passwords = new FastPasswordHasher();
  readonly counters = new MemoryCounters(this.clock);
  readonly failureLimiter = new FlexibleFailureLimiter({
    counters: this.counters,
    instances: 1,
    clock: this.clock,
  });
  readonly knownAddresses = new FlexibleKnownAddresses(this.counters);
  readonly commonPasswords = { has: async (password: string) => password === 'password1' };
  readonly conversations = new MemoryConversationCache({ clock: this.clock, bounds: this.historyBounds });
  readonly database = new MemoryDatabase();
  readonly clients = new MemoryClientRepository(this.database);
  readonly managedClients = new MemoryManagedClientRepository(this.database);
  readonly uses = new ApiKeyUses(this);
  readonly auditLines: LogLine[] = [];
  readonly audit = new LogAuditLog(recordingLogger(this.auditLines));
  readonly characters = new MemoryCharacterRepository(this.database);
  /** Wrong passwords alone are limited. */
  readonly limits = {
    ipPerMinute: 0,
    chatPerMinute: 0,
    requestsPerMinute: 0,
    concurrentTurns: 0,
    signupsPerHour: 0,
    passwordsPer15Minutes: 10,
    badKeysPerMinute: 0,
  };
  readonly rateLimiter = new FlexibleRateLimiter({
    counters: this.counters,
    instances: 1,
    clock: this.clock,
  });
  readonly requestLimits = new RequestLimits(this);
  readonly passwordAttempts = new PasswordAttempts(this);
  readonly usageRepository = new MemoryUsageRepository(this.database);
  readonly usage = new UsageRecords(this);
  readonly budget = new MemoryTokenBudget();
  readonly budgetTokensPerDay = 0;
  readonly costs = new TurnCosts(this);
  readonly sendMessage = new SendMessage(this);

  async signUp(email = 'ada@example.com'): Promise<{ clientId: string; apiKey: string }> {
    const { client, apiKey } = await new SignUp(this).execute({
      email,
      password: 'correct horse battery',
      origin: ORIGIN,
    });
    return { clientId: client.id, apiKey };
  }

  createCharacter(clientId: string, traits: Partial<CharacterTraits> = {}): Promise<Character> {
    return new CreateCharacter(this).execute({
      clientId,
      traits: { name: 'Ada', instructions: 'You sell books.', ...traits },
    });
  }

  /** A whole one of what matters. */
  messageInput(input: MessageInput): SendMessageInput {
    return {
      message: 'Hello',
      conversationId: 'c',
      onBusy: 'queue',
      idempotency: null,
      budgetTokensPerDay: null,
      maxConcurrentTurns: null,
      origin: ORIGIN,
      signal: new AbortController().signal,
      ...input,
    };
  }

  send(input: MessageInput): Promise<SendMessageOutput> {
    return this.sendMessage.execute(this.messageInput(input));
  }

  close(): void {
    this.conversations.close();
  }
}

/** The error's code, or its name where it has none; `done` when nothing was thrown. */
export function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : error.name),
  );
}
