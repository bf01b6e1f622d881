import type { Request, Response } from 'express';
import type { Credentials } from '#src/application/access/authorize.js';
import type { Principal, Right } from '#src/domain/access/principal.js';
import { AppError } from '#src/domain/errors.js';
import { httpServices } from '../http-services.js';
import { applyLimit, limitAnonymous, limitClient } from './admission.js';
import { contextOf, originOf } from './context-of.js';

/** The rights that a route can ask for with `@Security`; the names are the scheme names in tsoa.json. */
const RIGHTS: Readonly<Record<string, Right>> = {
  apiKey: 'client',
  serviceKey: 'operator',
  signup: 'signup',
};

/**
 * Called by the generated routes before anything else of a route that declares `@Security`: who calls, and whether
 * the limits let them in.
 */
export async function expressAuthentication(request: Request, scheme: string): Promise<Principal> {
  const right = RIGHTS[scheme];
  if (right === undefined) throw new Error(`no such security scheme: ${scheme}`);
  const { res: response } = request;
  if (response === undefined) throw new Error('express has set no response on the request');
  const principal =
    right === 'client'
      ? await identifyClient(request, response)
      : await identifyOperator(request, response, right);
  const context = contextOf(request);
  context.principal = principal;
  context.right = right;
  const { limits } = httpServices(request);
  if (principal.kind === 'client') await limitClient(request, response, limits, principal);
  if (right === 'signup' && principal.kind === 'anonymous') {
    applyLimit(response, await limits.signUp(originOf(request)));
  }
  return principal;
}

/**
 * Who calls, asked once more: for a request whose work begins long after that was decided.
 * @throws AppError as `Authorize` does.
 */
export async function authorizeAgain(request: Request): Promise<void> {
  const context = contextOf(request);
  if (context.right === null) return;
  const { authorize } = httpServices(request);
  context.principal = await authorize.execute(context.right, presentedCredentials(request));
}

/** What lets nobody in is counted for its address, which receives a limit error instead once it has sent too much of it. */
async function identifyClient(request: Request, response: Response): Promise<Principal> {
  const { authorize, limits } = httpServices(request);
  try {
    return await authorize.execute('client', presentedCredentials(request));
  } catch (error) {
    await limitAnonymous(request, response, limits);
    if (isUnauthenticated(error) && presentsKey(request)) {
      applyLimit(response, await limits.badKey(originOf(request)));
    }
    throw error;
  }
}

async function identifyOperator(request: Request, response: Response, right: Right): Promise<Principal> {
  const { authorize, limits } = httpServices(request);
  const credentials = presentedCredentials(request);
  if (credentials.serviceKey === null) return authorize.execute(right, credentials);
  let principal: Principal;
  try {
    principal = await authorize.execute(right, credentials);
  } catch (error) {
    if (isUnauthenticated(error)) applyLimit(response, await limits.badServiceKey(originOf(request)));
    throw error;
  }
  const blocked = await limits.serviceKey(originOf(request));
  if (blocked?.allowed === false) applyLimit(response, blocked);
  return principal;
}

function isUnauthenticated(error: unknown): boolean {
  return error instanceof AppError && error.code === 'unauthenticated';
}

function presentsKey(request: Request): boolean {
  return request.get('x-api-key') !== undefined || request.get('authorization') !== undefined;
}

/** @throws AppError `unauthenticated` when two different API keys are presented. */
function presentedCredentials(request: Request): Credentials {
  const header = request.get('x-api-key') ?? null;
  const bearer = /^bearer\b *(.*)$/i.exec(request.get('authorization') ?? '')?.[1] ?? null;
  if (header !== null && bearer !== null && header !== bearer) throw new AppError('unauthenticated');
  return { apiKey: header ?? bearer, serviceKey: request.get('x-fastwrap-api-key') ?? null };
}
