import type { IocContainer } from '@tsoa/runtime';
import type { Application, Request } from 'express';
import type { Authorize } from '#src/application/access/authorize.js';
import type { RequestLimits } from '#src/application/limits/request-limits.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { BodySchemas } from './openapi/body-schemas.js';

/** What the generated routes reach through the app that serves the request, so that one process can hold many apps. */
export interface HttpServices {
  /** Makes a controller, new for each request: tsoa keeps status and headers on it. */
  readonly controllers: IocContainer;
  readonly authorize: Authorize;
  readonly limits: RequestLimits;
  readonly bodySchemas: BodySchemas;
  readonly clock: Clock;
}

const services = new WeakMap<object, HttpServices>();

export function setHttpServices(app: Application, value: HttpServices): void {
  services.set(app, value);
}

export function httpServices(request: Request): HttpServices {
  const found = services.get(request.app);
  if (found === undefined) throw new Error('the app was not made by createHttpApp');
  return found;
}
