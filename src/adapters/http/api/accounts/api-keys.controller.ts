import {
  Body,
  Controller,
  Delete,
  Get,
  Middlewares,
  Path,
  Post,
  Request,
  Response,
  Route,
  Security,
  SuccessResponse,
  Tags,
} from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import { inject, injectable } from 'inversify';
import type { Uuid } from '#src/adapters/http/openapi/scalars.js';
import { jsonBody } from '#src/adapters/http/pipeline/body/json-body.js';
import { callingClient, callingClientId, originOf } from '#src/adapters/http/pipeline/context-of.js';
import type { Problem } from '#src/adapters/http/pipeline/errors/problem.js';
import { Policy } from '#src/adapters/http/pipeline/route-policy.js';
import { CreateApiKey } from '#src/application/clients/create-api-key.js';
import { ListApiKeys } from '#src/application/clients/list-api-keys.js';
import { RevokeApiKey } from '#src/application/clients/revoke-api-key.js';
import type { ApiKeyInput, ApiKeyList, IssuedApiKey } from './api-key-dto.js';

@Route('api/clients/me/keys')
@Policy({ cost: 'request', whileDraining: false })
@Tags('account')
@Security('apiKey')
@Response<Problem>(400, 'invalid_request')
@Response<Problem>(401, 'unauthenticated')
@Response<Problem>(403, 'forbidden: the account is suspended')
@Response<Problem>(429, 'rate_limited')
@Response<Problem>(503, 'database_unavailable, overloaded, shutting_down')
@injectable()
export class ApiKeysController extends Controller {
  readonly #listApiKeys: ListApiKeys;
  readonly #createApiKey: CreateApiKey;
  readonly #revokeApiKey: RevokeApiKey;

  constructor(
    @inject(ListApiKeys) listApiKeys: ListApiKeys,
    @inject(CreateApiKey) createApiKey: CreateApiKey,
    @inject(RevokeApiKey) revokeApiKey: RevokeApiKey,
  ) {
    super();
    this.#listApiKeys = listApiKeys;
    this.#createApiKey = createApiKey;
    this.#revokeApiKey = revokeApiKey;
  }

  /**
   * Oldest first: at most 100 usable ones, and the newest 100 of those that were revoked.
   * @summary List your keys
   */
  @Get()
  async getKeys(@Request() request: ExpressRequest): Promise<ApiKeyList> {
    return { data: await this.#listApiKeys.execute({ clientId: callingClientId(request) }) };
  }

  /**
   * A further key, shown this once; the others stay valid.
   * @summary Make a further key
   */
  @Post()
  @Middlewares(jsonBody)
  @SuccessResponse(201, 'Created')
  @Response<Problem>(409, 'too_many_keys')
  @Response<Problem>(413, 'payload_too_large')
  @Response<Problem>(415, 'unsupported_media_type')
  async postKey(@Request() request: ExpressRequest, @Body() input: ApiKeyInput): Promise<IssuedApiKey> {
    const { clientId, keyId } = callingClient(request);
    return this.#createApiKey.execute({
      clientId,
      askedBy: keyId,
      name: input.name,
      origin: originOf(request),
    });
  }

  /**
   * What runs with it ends within a second. The last one that works cannot be revoked.
   * @summary Revoke a key
   */
  @Delete('{id}')
  @SuccessResponse(204, 'Revoked')
  @Response<Problem>(404, 'api_key_not_found')
  @Response<Problem>(409, 'last_key')
  async deleteKey(@Request() request: ExpressRequest, @Path() id: Uuid): Promise<void> {
    await this.#revokeApiKey.execute({
      clientId: callingClientId(request),
      keyId: id,
      origin: originOf(request),
    });
  }
}
