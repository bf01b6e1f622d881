import { ContainerModule } from 'inversify';
import { AdminClientsController } from '#src/adapters/http/controllers/admin-clients.controller.js';
import { ApiKeysController } from '#src/adapters/http/controllers/api-keys.controller.js';
import { AuthController } from '#src/adapters/http/controllers/auth.controller.js';
import { CharactersController } from '#src/adapters/http/controllers/characters.controller.js';
import { ChatController } from '#src/adapters/http/controllers/chat.controller.js';
import { ClientsController } from '#src/adapters/http/controllers/clients.controller.js';
import { ConversationsController } from '#src/adapters/http/controllers/conversations.controller.js';
import { ServiceController } from '#src/adapters/http/controllers/service.controller.js';
import { UsageController } from '#src/adapters/http/controllers/usage.controller.js';
import { OpenRequests } from '#src/adapters/http/open-requests.js';
import { Readiness } from '#src/adapters/http/readiness.js';
import { ServiceVersion } from '#src/adapters/http/service-version.js';
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
