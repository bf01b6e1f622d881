import {
  Body,
  Controller,
  Delete,
  Get,
  Middlewares,
  Patch,
  Request,
  Response,
  Route,
  Security,
  SuccessResponse,
  Tags,
} from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import { inject, injectable } from 'inversify';
import { jsonBody } from '#src/adapters/http/pipeline/body/json-body.js';
import { callingClientId, originOf } from '#src/adapters/http/pipeline/context-of.js';
import type { Problem } from '#src/adapters/http/pipeline/errors/problem.js';
import { Policy } from '#src/adapters/http/pipeline/route-policy.js';
import { DeleteClient } from '#src/application/clients/delete-client.js';
import { GetClient } from '#src/application/clients/get-client.js';
import { UpdateClient } from '#src/application/clients/update-client.js';
import type { Client, ClientPatch } from './client-dto.js';

@Route('')
@Policy({ cost: 'request', whileDraining: false })
@Tags('account')
@Security('apiKey')
@Response<Problem>(400, 'invalid_request')
@Response<Problem>(401, 'unauthenticated')
@Response<Problem>(403, 'forbidden: the account is suspended')
@Response<Problem>(429, 'rate_limited')
@Response<Problem>(503, 'database_unavailable, overloaded, shutting_down')
@injectable()
export class ClientsController extends Controller {
  readonly #getClient: GetClient;
  readonly #updateClient: UpdateClient;
  readonly #deleteClient: DeleteClient;

  constructor(
    @inject(GetClient) getClient: GetClient,
    @inject(UpdateClient) updateClient: UpdateClient,
    @inject(DeleteClient) deleteClient: DeleteClient,
  ) {
    super();
    this.#getClient = getClient;
    this.#updateClient = updateClient;
    this.#deleteClient = deleteClient;
  }

  /**
   * The account that the key belongs to.
   * @summary Show your account
   */
  @Get('api/clients/me')
  async getMe(@Request() request: ExpressRequest): Promise<Client> {
    return this.#getClient.execute({ clientId: callingClientId(request) });
  }

  /**
   * What is not named stays as it is.
   * @summary Change your account
   */
  @Patch('api/clients/me')
  @Middlewares(jsonBody)
  @Response<Problem>(403, 'forbidden: the current password is wrong, or the account is suspended')
  @Response<Problem>(409, 'email_taken, account_changed')
  @Response<Problem>(413, 'payload_too_large')
  @Response<Problem>(415, 'unsupported_media_type')
  async patchMe(@Request() request: ExpressRequest, @Body() patch: ClientPatch): Promise<Client> {
    return this.#updateClient.execute({
      ...patch,
      clientId: callingClientId(request),
      origin: originOf(request),
    });
  }

  /**
   * The account, its keys, characters and conversations are gone, at once and everywhere.
   * @summary Delete your account
   */
  @Delete('api/clients/me')
  @SuccessResponse(204, 'Gone')
  @Response<Problem>(503, 'cache_unavailable, database_unavailable, overloaded, shutting_down')
  async deleteMe(@Request() request: ExpressRequest): Promise<void> {
    await this.#deleteClient.execute({ clientId: callingClientId(request), origin: originOf(request) });
  }

  /**
   * The same as `DELETE /api/clients/me`.
   * @summary Delete your account, by its short path
   */
  @Delete('clients/me')
  @SuccessResponse(204, 'Gone')
  @Response<Problem>(503, 'cache_unavailable, database_unavailable, overloaded, shutting_down')
  async deleteMeByShortPath(@Request() request: ExpressRequest): Promise<void> {
    await this.deleteMe(request);
  }
}
