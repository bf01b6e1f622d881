import type { ServiceIdentifier } from 'inversify';
import type { ApiKeyMint } from '#src/application/ports/api-key-mint.js';
import type { AuditLog } from '#src/application/ports/audit-log.js';
import type { CharacterRepository } from '#src/application/ports/character-repository.js';
import type { ClientRepository } from '#src/application/ports/client-repository.js';
import type { Clock } from '#src/application/ports/clock.js';
import type { CommonPasswords } from '#src/application/ports/common-passwords.js';
import type { ConversationCache } from '#src/application/ports/conversation-cache.js';
import type { IdGenerator } from '#src/application/ports/id-generator.js';
import type { LlmGateway } from '#src/application/ports/llm-gateway.js';
import type { Logger } from '#src/application/ports/logger.js';
import type { ManagedClientRepository } from '#src/application/ports/managed-client-repository.js';
import type { ModelHealth } from '#src/application/ports/model-health.js';
import type { PasswordHasher } from '#src/application/ports/password-hasher.js';

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
