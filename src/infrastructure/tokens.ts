import type { ServiceIdentifier } from 'inversify';
import type { FailureLimiter } from '#src/application/limits/failure-limiter.js';
import type { KnownAddresses } from '#src/application/limits/known-addresses.js';
import type { RateLimiter } from '#src/application/limits/rate-limiter.js';
import type { ApiKeyMint } from '#src/application/ports/access/api-key-mint.js';
import type { CommonPasswords } from '#src/application/ports/access/common-passwords.js';
import type { PasswordHasher } from '#src/application/ports/access/password-hasher.js';
import type { ConversationCache } from '#src/application/ports/chat/conversation-cache.js';
import type { LlmGateway } from '#src/application/ports/chat/llm-gateway.js';
import type { ModelHealth } from '#src/application/ports/chat/model-health.js';
import type { TurnObserver } from '#src/application/ports/chat/turn-observer.js';
import type { TokenBudget } from '#src/application/ports/limits/token-budget.js';
import type { CharacterRepository } from '#src/application/ports/storage/character-repository.js';
import type { ClientRepository } from '#src/application/ports/storage/client-repository.js';
import type { ManagedClientRepository } from '#src/application/ports/storage/managed-client-repository.js';
import type { UsageRepository } from '#src/application/ports/storage/usage-repository.js';
import type { AuditLog } from '#src/application/ports/system/audit-log.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { IdGenerator } from '#src/application/ports/system/id-generator.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import type { RunningRequests } from '#src/application/ports/system/running-requests.js';

/** Ports have no value at run time, so the container knows them by these. */
export const CLOCK: ServiceIdentifier<Clock> = Symbol('Clock');
export const IDS: ServiceIdentifier<IdGenerator> = Symbol('IdGenerator');
export const LOGGER: ServiceIdentifier<Logger> = Symbol('Logger');
export const AUDIT: ServiceIdentifier<AuditLog> = Symbol('AuditLog');
export const CLIENTS: ServiceIdentifier<ClientRepository> = Symbol('ClientRepository');
export const MANAGED_CLIENTS: ServiceIdentifier<ManagedClientRepository> = Symbol('ManagedClientRepository');
export const CHARACTERS: ServiceIdentifier<CharacterRepository> = Symbol('CharacterRepository');
export const CONVERSATIONS: ServiceIdentifier<ConversationCache> = Symbol('ConversationCache');
export const PASSWORDS: ServiceIdentifier<PasswordHasher> = Symbol('PasswordHasher');
export const COMMON_PASSWORDS: ServiceIdentifier<CommonPasswords> = Symbol('CommonPasswords');
export const API_KEYS: ServiceIdentifier<ApiKeyMint> = Symbol('ApiKeyMint');
export const LLM: ServiceIdentifier<LlmGateway> = Symbol('LlmGateway');
export const MODEL_HEALTH: ServiceIdentifier<ModelHealth> = Symbol('ModelHealth');
export const RATE_LIMITER: ServiceIdentifier<RateLimiter> = Symbol('RateLimiter');
export const FAILURE_LIMITER: ServiceIdentifier<FailureLimiter> = Symbol('FailureLimiter');
export const KNOWN_ADDRESSES: ServiceIdentifier<KnownAddresses> = Symbol('KnownAddresses');
export const RUNNING_REQUESTS: ServiceIdentifier<RunningRequests> = Symbol('RunningRequests');
export const TOKEN_BUDGET: ServiceIdentifier<TokenBudget> = Symbol('TokenBudget');
export const USAGE_REPOSITORY: ServiceIdentifier<UsageRepository> = Symbol('UsageRepository');
export const TURN_OBSERVERS: ServiceIdentifier<readonly TurnObserver[]> = Symbol('TurnObservers');

/** Each loads a part of what the first turn would otherwise wait for. */
export const WARM_UP: ServiceIdentifier<() => Promise<void>> = Symbol('warmUp');
