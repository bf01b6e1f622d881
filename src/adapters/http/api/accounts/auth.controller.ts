import {
  Body,
  Controller,
  Middlewares,
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
import { jsonBody } from '#src/adapters/http/pipeline/body/json-body.js';
import { originOf } from '#src/adapters/http/pipeline/context-of.js';
import type { Problem } from '#src/adapters/http/pipeline/errors/problem.js';
import { Policy } from '#src/adapters/http/pipeline/route-policy.js';
import { RecoverAccess } from '#src/application/clients/recover-access.js';
import { SignUp } from '#src/application/clients/sign-up.js';
import type { IssuedApiKey } from './api-key-dto.js';
import type { KeyRecoveryInput, SignUpInput, SignUpResult } from './auth-dto.js';

@Route('auth')
@Policy({ cost: 'request', whileDraining: false })
@Response<Problem>(400, 'invalid_request')
@Response<Problem>(401, 'unauthenticated')
@Response<Problem>(413, 'payload_too_large')
@Response<Problem>(415, 'unsupported_media_type')
@Response<Problem>(429, 'rate_limited')
@Response<Problem>(503, 'database_unavailable, overloaded, shutting_down')
@injectable()
export class AuthController extends Controller {
  readonly #signUp: SignUp;
  readonly #recoverAccess: RecoverAccess;

  constructor(@inject(SignUp) signUp: SignUp, @inject(RecoverAccess) recoverAccess: RecoverAccess) {
    super();
    this.#signUp = signUp;
    this.#recoverAccess = recoverAccess;
  }

  /**
   * Makes an account with its first key, which is shown this once. Where the operator has closed sign-up, it takes the
   * service key.
   * @summary Sign up
   */
  @Post('signup')
  @Tags('sign-up')
  @Security('signup')
  @Middlewares(jsonBody)
  @SuccessResponse(201, 'Created')
  @Response<Problem>(409, 'email_taken')
  async postSignUp(@Request() request: ExpressRequest, @Body() input: SignUpInput): Promise<SignUpResult> {
    return this.#signUp.execute({ ...input, origin: originOf(request) });
  }

  /**
   * A new key for an owner who lost theirs.
   * @summary Get a new key by email and password
   */
  @Post('keys')
  @Tags('account')
  @Middlewares(jsonBody)
  @SuccessResponse(201, 'Created')
  @Response<Problem>(403, 'forbidden: the account is suspended')
  async postRecovery(
    @Request() request: ExpressRequest,
    @Body() input: KeyRecoveryInput,
  ): Promise<IssuedApiKey> {
    return this.#recoverAccess.execute({ ...input, origin: originOf(request) });
  }
}
