import type { Request } from 'express';
import type { Credentials } from '#src/application/access/authorize.js';
import { AppError } from '#src/domain/app-error.js';
import type { Principal, Right } from '#src/domain/principal.js';
import { httpServices } from './http-services.js';
import { requestContext } from './request-context.js';

/** The rights that a route can ask for with `@Security`; the names are the scheme names in tsoa.json. */
const RIGHTS: Readonly<Record<string, Right>> = { client: 'client', operator: 'operator', signup: 'signup' };

/** Called by the generated routes before anything else of a route that declares `@Security`. */
export async function expressAuthentication(request: Request, scheme: string): Promise<Principal> {
  const right = RIGHTS[scheme];
  if (right === undefined) throw new Error(`no such security scheme: ${scheme}`);
  const principal = await httpServices(request).authorize.execute(right, presentedCredentials(request));
  requestContext(request).principal = principal;
  return principal;
}

/** @throws AppError `unauthenticated` when two different API keys are presented. */
function presentedCredentials(request: Request): Credentials {
  const header = request.get('x-api-key') ?? null;
  const bearer = /^bearer\b *(.*)$/i.exec(request.get('authorization') ?? '')?.[1] ?? null;
  if (header !== null && bearer !== null && header !== bearer) throw new AppError('unauthenticated');
  return { apiKey: header ?? bearer, serviceKey: request.get('x-fastwrap-api-key') ?? null };
}
