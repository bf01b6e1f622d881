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

/** Everything that a use case can ask for, by the name that it asks with. */
function dependencies(context: ResolutionContext, config: UseCaseConfig) {
  const ports = {
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
    costs: context.get(TurnMeters),
    usage: context.get(UsageRecords),
    usageRepository: context.get(USAGE_REPOSITORY),
    budget: context.get(TOKEN_BUDGET),
    budgetTokensPerDay: config.budgetTokensPerDay,
    modelPolicy: config.modelPolicy,
    historyBounds: config.historyBounds,
    signup: config.signup,
  };
  const requestLimits = new RequestLimits(ports);
  return { ...ports, requestLimits, passwordAttempts: new PasswordAttempts(ports) };
}

type UseCaseDependencies = ReturnType<typeof dependencies>;

const USE_CASES: readonly (new (deps: UseCaseDependencies) => object)[] = [
  AccessWatch,
  ApiKeyUses,
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
  RequestLimits,
  RevokeApiKey,
  SendMessage,
  SignUp,
  UpdateCharacter,
  UpdateClient,
  UpdateManagedClient,
];

/** One of each serves all requests: none holds state of a request. Those that collect (`ApiKeyUses`, `AccessWatch`) have to be one. */
export function useCaseModule(config: UseCaseConfig): ContainerModule {
  return new ContainerModule(({ bind }) => {
    for (const UseCase of USE_CASES) {
      bind(UseCase)
        .toDynamicValue((context) => new UseCase(dependencies(context, config)))
        .inSingletonScope();
    }
    bind(RecoverAccess)
      .toDynamicValue(
        (context) => new RecoverAccess({ ...dependencies(context, config), uses: context.get(ApiKeyUses) }),
      )
      .inSingletonScope();
    bind(Authorize)
      .toDynamicValue((context) => {
        const serviceKey = config.serviceKey === null ? null : new HashedServiceKey(config.serviceKey);
        return new Authorize({ ...dependencies(context, config), uses: context.get(ApiKeyUses), serviceKey });
      })
      .inSingletonScope();
  });
}
