import { ContainerModule } from 'inversify';
import { AdminClientsController } from '#src/adapters/http/admin/admin-clients.controller.js';
import { ApiKeysController } from '#src/adapters/http/api/accounts/api-keys.controller.js';
import { AuthController } from '#src/adapters/http/api/accounts/auth.controller.js';
import { ClientsController } from '#src/adapters/http/api/accounts/clients.controller.js';
import { CharactersController } from '#src/adapters/http/api/characters/characters.controller.js';
import { ChatController } from '#src/adapters/http/api/chat/chat.controller.js';
import { ConversationsController } from '#src/adapters/http/api/conversations/conversations.controller.js';
import { UsageController } from '#src/adapters/http/api/usage/usage.controller.js';
import { Readiness } from '#src/adapters/http/ops/readiness.js';
import { ServiceController } from '#src/adapters/http/ops/service.controller.js';
import { ServiceVersion } from '#src/adapters/http/ops/service-version.js';
import { OpenRequests } from '#src/adapters/http/streaming/open-requests.js';
import { RUNNING_REQUESTS } from '../tokens.js';

/** Controllers are made anew for each request: tsoa keeps status and headers on them. */
const CONTROLLERS = [
  AdminClientsController,
  ApiKeysController,
  AuthController,
  CharactersController,
  ChatController,
  ClientsController,
  ConversationsController,
  ServiceController,
  UsageController,
];

export function httpModule(version: string): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(ServiceVersion).toConstantValue(new ServiceVersion(version));
    bind(Readiness).toConstantValue(new Readiness());
    bind(OpenRequests).toConstantValue(new OpenRequests());
    bind(RUNNING_REQUESTS).toService(OpenRequests);
    for (const controller of CONTROLLERS) bind<object>(controller).toSelf().inTransientScope();
  });
}
