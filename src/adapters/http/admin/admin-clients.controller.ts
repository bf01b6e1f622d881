import {
  Body,
  Controller,
  Delete,
  Get,
  Middlewares,
  Patch,
  Path,
  Query,
  Request,
  Response,
  Route,
  Security,
  SuccessResponse,
  Tags,
} from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import { inject, injectable } from 'inversify';
import { DeleteClient } from '#src/application/clients/delete-client.js';
import { GetManagedClient } from '#src/application/operator/get-managed-client.js';
import { ListManagedClients } from '#src/application/operator/list-managed-clients.js';
import { UpdateManagedClient } from '#src/application/operator/update-managed-client.js';
import { AppError } from '#src/domain/errors.js';
import type { Email } from '../api/accounts/client-dto.js';
import type { PageLimit, Uuid } from '../openapi/scalars.js';
import { jsonBody } from '../pipeline/body/json-body.js';
import { originOf } from '../pipeline/context-of.js';
import type { Problem } from '../pipeline/errors/problem.js';
import { Policy } from '../pipeline/route-policy.js';
import {
  type ManagedClient,
  type ManagedClientList,
  type ManagedClientPatch,
  toManagedClient,
} from './managed-client-dto.js';

@Route('admin/clients')
@Policy({ cost: 'request', whileDraining: false })
@Tags('operator')
@Security('serviceKey')
@Response<Problem>(400, 'invalid_request')
@Response<Problem>(401, 'unauthenticated')
@Response<Problem>(429, 'rate_limited')
@Response<Problem>(503, 'database_unavailable, overloaded, shutting_down')
@injectable()
export class AdminClientsController extends Controller {
  readonly #listClients: ListManagedClients;
  readonly #getClient: GetManagedClient;
  readonly #updateClient: UpdateManagedClient;
  readonly #deleteClient: DeleteClient;

  constructor(
    @inject(ListManagedClients) listClients: ListManagedClients,
    @inject(GetManagedClient) getClient: GetManagedClient,
    @inject(UpdateManagedClient) updateClient: UpdateManagedClient,
    @inject(DeleteClient) deleteClient: DeleteClient,
  ) {
    super();
    this.#listClients = listClients;
    this.#getClient = getClient;
    this.#updateClient = updateClient;
    this.#deleteClient = deleteClient;
  }

  /**
   * Newest first.
   * @summary List all accounts
   * @param limit at most so many
   * @param cursor the `nextCursor` of the page before
   * @param email the account with this address alone, however it is spelled
   */
  @Get()
  async getClients(
    @Query() limit: PageLimit = 20,
    @Query() cursor?: Uuid,
    @Query() email?: Email,
  ): Promise<ManagedClientList> {
    const page = await this.#listClients.execute({ limit, before: cursor ?? null, email: email ?? null });
    return { data: page.clients.map(toManagedClient), nextCursor: page.nextBefore };
  }

  /**
   * With its limits and its budget, and whether it is suspended.
   * @summary Show an account
   */
  @Get('{id}')
  @Response<Problem>(404, 'client_not_found')
  async getOne(@Path() id: Uuid): Promise<ManagedClient> {
    return toManagedClient(await this.#getClient.execute({ clientId: id }));
  }

  /**
   * A suspended client is refused with 403 on every instance within a second, and its running turns end.
   * @summary Suspend an account, or set its limits and budget
   */
  @Patch('{id}')
  @Middlewares(jsonBody)
  @Response<Problem>(404, 'client_not_found')
  @Response<Problem>(413, 'payload_too_large')
  @Response<Problem>(415, 'unsupported_media_type')
  async patchOne(
    @Request() request: ExpressRequest,
    @Path() id: Uuid,
    @Body() patch: ManagedClientPatch,
  ): Promise<ManagedClient> {
    const input = { ...patch, clientId: id, origin: originOf(request) };
    return toManagedClient(await this.#updateClient.execute(input));
  }

  /**
   * The account, its keys, characters and conversations are gone, at once and everywhere.
   * @summary Delete an account
   */
  @Delete('{id}')
  @SuccessResponse(204, 'Gone')
  @Response<Problem>(404, 'client_not_found')
  @Response<Problem>(503, 'cache_unavailable, database_unavailable, overloaded, shutting_down')
  async deleteOne(@Request() request: ExpressRequest, @Path() id: Uuid): Promise<void> {
    const deleted = await this.#deleteClient.execute({ clientId: id, origin: originOf(request) });
    if (!deleted) throw new AppError('client_not_found');
  }
}
