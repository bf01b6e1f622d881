import { ContainerModule, type ResolutionContext } from 'inversify';
import { HashedServiceKey } from '#src/adapters/crypto/hashed-service-key.js';
import { Authorize } from '#src/application/access/authorize.js';
import { CreateCharacter } from '#src/application/characters/create-character.js';
import { DeleteCharacter } from '#src/application/characters/delete-character.js';
import { GetCharacter } from '#src/application/characters/get-character.js';
import { ListCharacters } from '#src/application/characters/list-characters.js';
import { UpdateCharacter } from '#src/application/characters/update-character.js';
import { DeleteConversation } from '#src/application/chat/delete-conversation.js';
import { GetConversation } from '#src/application/chat/get-conversation.js';
import { SendMessage } from '#src/application/chat/send-message.js';
import { TurnCosts } from '#src/application/chat/turn-costs.js';
import { ApiKeyUses } from '#src/application/clients/api-key-uses.js';
import { CreateApiKey } from '#src/application/clients/create-api-key.js';
import { DeleteClient } from '#src/application/clients/delete-client.js';
import { GetClient } from '#src/application/clients/get-client.js';
import { ListApiKeys } from '#src/application/clients/list-api-keys.js';
import { RecoverAccess } from '#src/application/clients/recover-access.js';
import { RevokeApiKey } from '#src/application/clients/revoke-api-key.js';
import { SignUp } from '#src/application/clients/sign-up.js';
import { UpdateClient } from '#src/application/clients/update-client.js';
import { CheckHealth } from '#src/application/health/check-health.js';
import { GetUsage } from '#src/application/usage/get-usage.js';
import { UsageRecords } from '#src/application/usage/usage-records.js';
import type { Config } from '../config/config.js';
import {
  API_KEYS,
  AUDIT,
  CHARACTERS,
  CLIENTS,
  CLOCK,
  COMMON_PASSWORDS,
  CONVERSATIONS,
  IDS,
  LLM,
  LOGGER,
  MANAGED_CLIENTS,
  MODEL_HEALTH,
  PASSWORDS,
  TOKEN_BUDGET,
  USAGE_REPOSITORY,
} from '../tokens.js';

type UseCaseConfig = Pick<
  Config,
  'serviceKey' | 'signup' | 'modelPolicy' | 'historyBounds' | 'budgetTokensPerDay'
>;

/** Everything that a use case can ask for, by the name that it asks with. */
function dependencies(context: ResolutionContext, config: UseCaseConfig) {
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
    modelHealth: context.get(MODEL_HEALTH),
    costs: context.get(TurnCosts),
    usage: context.get(UsageRecords),
    usageRepository: context.get(USAGE_REPOSITORY),
    budget: context.get(TOKEN_BUDGET),
    budgetTokensPerDay: config.budgetTokensPerDay,
    modelPolicy: config.modelPolicy,
    historyBounds: config.historyBounds,
    signup: config.signup,
  };
}

type UseCaseDependencies = ReturnType<typeof dependencies>;

const USE_CASES: readonly (new (deps: UseCaseDependencies) => object)[] = [
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
  GetUsage,
  ListApiKeys,
  ListCharacters,
  RecoverAccess,
  RevokeApiKey,
  SendMessage,
  SignUp,
  UpdateCharacter,
  UpdateClient,
];

/** Use cases hold no state between calls, so one of each serves all requests. */
export function useCaseModule(config: UseCaseConfig): ContainerModule {
  return new ContainerModule(({ bind }) => {
    for (const UseCase of USE_CASES) {
      bind(UseCase)
        .toDynamicValue((context) => new UseCase(dependencies(context, config)))
        .inSingletonScope();
    }
    bind(Authorize)
      .toDynamicValue((context) => {
        const serviceKey = config.serviceKey === null ? null : new HashedServiceKey(config.serviceKey);
        return new Authorize({ ...dependencies(context, config), uses: context.get(ApiKeyUses), serviceKey });
      })
      .inSingletonScope();
  });
}
