import { ContainerModule, type ResolutionContext } from 'inversify';
import { HashedServiceKey } from '#src/adapters/crypto/hashed-service-key.js';
import { Authorize } from '#src/application/access/authorize.js';
import { AccessWatch } from '#src/application/background/access-watch.js';
import { ApiKeyUses } from '#src/application/background/api-key-uses.js';
import { UsageRecords } from '#src/application/background/usage-records.js';
import { CreateCharacter } from '#src/application/characters/create-character.js';
import { DeleteCharacter } from '#src/application/characters/delete-character.js';
import { GetCharacter } from '#src/application/characters/get-character.js';
import { ListCharacters } from '#src/application/characters/list-characters.js';
import { UpdateCharacter } from '#src/application/characters/update-character.js';
import { DeleteConversation } from '#src/application/chat/delete-conversation.js';
import { GetConversation } from '#src/application/chat/get-conversation.js';
import { SendMessage } from '#src/application/chat/send-message.js';
import { TurnMeters } from '#src/application/chat/turn-meters.js';
import { TurnObservers } from '#src/application/chat/turn-observers.js';
import { CreateApiKey } from '#src/application/clients/create-api-key.js';
import { DeleteClient } from '#src/application/clients/delete-client.js';
import { GetClient } from '#src/application/clients/get-client.js';
import { ListApiKeys } from '#src/application/clients/list-api-keys.js';
import { PasswordAttempts } from '#src/application/clients/password-attempts.js';
import { RecoverAccess } from '#src/application/clients/recover-access.js';
import { RevokeApiKey } from '#src/application/clients/revoke-api-key.js';
import { SignUp } from '#src/application/clients/sign-up.js';
import { UpdateClient } from '#src/application/clients/update-client.js';
import { CheckHealth } from '#src/application/health/check-health.js';
import { RequestLimits } from '#src/application/limits/request-limits.js';
import { GetManagedClient } from '#src/application/operator/get-managed-client.js';
import { ListManagedClients } from '#src/application/operator/list-managed-clients.js';
import { UpdateManagedClient } from '#src/application/operator/update-managed-client.js';
import { GetUsage } from '#src/application/usage/get-usage.js';
import type { Config } from '../config/config.js';
import {
  API_KEYS,
  AUDIT,
  CHARACTERS,
  CLIENTS,
  CLOCK,
  COMMON_PASSWORDS,
  CONVERSATIONS,
  FAILURE_LIMITER,
  IDS,
  KNOWN_ADDRESSES,
  LLM,
  LOGGER,
  MANAGED_CLIENTS,
  MODEL_HEALTH,
  PASSWORDS,
  RATE_LIMITER,
  RUNNING_REQUESTS,
  TOKEN_BUDGET,
  USAGE_REPOSITORY,
} from '../tokens.js';

type UseCaseConfig = Pick<
  Config,
  'serviceKey' | 'signup' | 'limits' | 'modelPolicy' | 'historyBounds' | 'budgetTokensPerDay'
>;

/** The ports and settings, by the names that they are asked for with. */
function ports(context: ResolutionContext, config: UseCaseConfig) {
  return {
    clock: context.get(CLOCK),
    ids: context.get(IDS),
    logger: context.get(LOGGER),
    audit: context.get(AUDIT),
    clients: context.get(CLIENTS),
    managedClients: context.get(MANAGED_CLIENTS),
    characters: context.get(CHARACTERS),
    conversations: context.get(CONVERSATIONS),
    passwords: context.get(PASSWORDS),
    commonPasswords: context.get(COMMON_PASSWORDS),
    apiKeys: context.get(API_KEYS),
    llm: context.get(LLM),
    runningRequests: context.get(RUNNING_REQUESTS),
    modelHealth: context.get(MODEL_HEALTH),
    rateLimiter: context.get(RATE_LIMITER),
    failureLimiter: context.get(FAILURE_LIMITER),
    knownAddresses: context.get(KNOWN_ADDRESSES),
    limits: config.limits,
    usageRepository: context.get(USAGE_REPOSITORY),
    budget: context.get(TOKEN_BUDGET),
    budgetTokensPerDay: config.budgetTokensPerDay,
    modelPolicy: config.modelPolicy,
    historyBounds: config.historyBounds,
    signup: config.signup,
    serviceKey: config.serviceKey === null ? null : new HashedServiceKey(config.serviceKey),
  };
}

/** What several use cases share one of. */
const COLLABORATORS: readonly (new (deps: ReturnType<typeof ports>) => object)[] = [
  ApiKeyUses,
  PasswordAttempts,
  RequestLimits,
];

/** Everything that a use case can ask for. */
function dependencies(context: ResolutionContext, config: UseCaseConfig) {
  return {
    ...ports(context, config),
    costs: context.get(TurnMeters),
    observers: context.get(TurnObservers),
    usage: context.get(UsageRecords),
    uses: context.get(ApiKeyUses),
    requestLimits: context.get(RequestLimits),
    passwordAttempts: context.get(PasswordAttempts),
  };
}

type UseCaseDependencies = ReturnType<typeof dependencies>;

const USE_CASES: readonly (new (deps: UseCaseDependencies) => object)[] = [
  AccessWatch,
  Authorize,
  CheckHealth,
  CreateApiKey,
  CreateCharacter,
  DeleteCharacter,
  DeleteClient,
  DeleteConversation,
  GetCharacter,
  GetClient,
  GetConversation,
  GetManagedClient,
  GetUsage,
  ListApiKeys,
  ListCharacters,
  ListManagedClients,
  RecoverAccess,
  RevokeApiKey,
  SendMessage,
  SignUp,
  UpdateCharacter,
  UpdateClient,
  UpdateManagedClient,
];

/** One of each serves all requests: none holds state of a request. */
export function useCaseModule(config: UseCaseConfig): ContainerModule {
  return new ContainerModule(({ bind }) => {
    for (const Collaborator of COLLABORATORS) {
      bind(Collaborator)
        .toDynamicValue((context) => new Collaborator(ports(context, config)))
        .inSingletonScope();
    }
    for (const UseCase of USE_CASES) {
      bind(UseCase)
        .toDynamicValue((context) => new UseCase(dependencies(context, config)))
        .inSingletonScope();
    }
  });
}
