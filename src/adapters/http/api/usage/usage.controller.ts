import { Controller, Get, Request, Response, Route, Security, Tags } from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import { inject, injectable } from 'inversify';
import { callingClient } from '#src/adapters/http/pipeline/context-of.js';
import type { Problem } from '#src/adapters/http/pipeline/errors/problem.js';
import { Policy } from '#src/adapters/http/pipeline/route-policy.js';
import { GetUsage } from '#src/application/usage/get-usage.js';
import type { Usage } from './usage-dto.js';

@Route('api/clients/me/usage')
@Policy({ cost: 'request', whileDraining: false })
@Tags('account')
@Security('apiKey')
@Response<Problem>(400, 'invalid_request')
@Response<Problem>(401, 'unauthenticated')
@Response<Problem>(403, 'forbidden: the account is suspended')
@Response<Problem>(429, 'rate_limited')
@Response<Problem>(503, 'cache_unavailable, database_unavailable, overloaded, shutting_down')
@injectable()
export class UsageController extends Controller {
  readonly #getUsage: GetUsage;

  constructor(@inject(GetUsage) getUsage: GetUsage) {
    super();
    this.#getUsage = getUsage;
  }

  /**
   * What turns cost in the last 30 days, by day and by character, and what is left of today's budget.
   * @summary Show what your turns cost
   */
  @Get()
  async getMine(@Request() request: ExpressRequest): Promise<Usage> {
    const { clientId, budgetTokensPerDay } = callingClient(request);
    return this.#getUsage.execute({ clientId, budgetTokensPerDay });
  }
}
