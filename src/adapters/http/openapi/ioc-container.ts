import type { IocContainer } from '@tsoa/runtime';
import type { Request } from 'express';
import { httpServices } from '../http-services.js';

/** Called by the generated routes for each request. */
export function iocContainer(request: Request): IocContainer {
  return httpServices(request).controllers;
}
