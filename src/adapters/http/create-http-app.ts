import type { RequestListener } from 'node:http';
import type { IocContainer } from '@tsoa/runtime';
import express from 'express';
import type { Authorize } from '#src/application/access/authorize.js';
import type { RequestLimits } from '#src/application/limits/request-limits.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { AppError } from '#src/domain/errors.js';
import { setHttpServices } from './http-services.js';
import { BodySchemas } from './openapi/body-schemas.js';
import { DOCS_PATHS, serveDocs } from './openapi/docs-pages.js';
import { RegisterRoutes } from './openapi/generated/routes.js';
import type { OpenApiDocument } from './openapi/openapi-document.js';
import type { Readiness } from './ops/readiness.js';
import { trustedProxies } from './pipeline/address/trusted-proxies.js';
import { limitAddresses } from './pipeline/admission.js';
import { boundBody } from './pipeline/body/body-bound.js';
import { contextOf } from './pipeline/context-of.js';
import { cors } from './pipeline/cors.js';
import { errorHandler } from './pipeline/errors/error-handler.js';
import { notFound } from './pipeline/errors/not-found.js';
import { requestContext } from './pipeline/request-context.js';
import { readTarget, refuseDoubledSlash, refuseUnreadableTarget } from './pipeline/request-target.js';
import { RoutePolicies } from './pipeline/route-policies.js';
import { securityHeaders } from './pipeline/security-headers.js';
import { parseQuery } from './pipeline/unknown-parameters.js';

export interface HttpAppOptions {
  readonly controllers: IocContainer;
  readonly authorize: Authorize;
  readonly limits: RequestLimits;
  /** Addresses and CIDRs whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly document: OpenApiDocument;
  readonly readiness: Readiness;
  /** Whose pages may call from a browser; empty: nobody's. */
  readonly corsOrigins: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The whole HTTP surface; it listens nowhere yet. */
export function createHttpApp(options: HttpAppOptions): RequestListener {
  const { document, limits, readiness, corsOrigins, clock, logger } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', parseQuery);
  // Express would answer 304 to `If-None-Match: *`. No caller holds what is not to be stored; files look after their own.
  Object.defineProperty(app.request, 'fresh', { value: false });
  app.set('trust proxy', trustedProxies(options.trustedProxies));
  setHttpServices(app, {
    controllers: options.controllers,
    authorize: options.authorize,
    limits,
    bodySchemas: new BodySchemas(document),
    clock,
  });

  const policies = new RoutePolicies();
  app.use(requestContext(policies, clock, logger));
  app.use(securityHeaders);
  // What both do is set headers, which an error response needs too: without them a browser's page could not read it.
  if (corsOrigins.length > 0) app.use(cors(corsOrigins));
  app.use(limitAddresses(limits));
  app.use((request, response, next) => {
    if (!readiness.isDraining || contextOf(request).policy.whileDraining) return next();
    response.set('Connection', 'close');
    throw new AppError('shutting_down');
  });
  // One part for all three: a part costs each request more than what these look at.
  app.use((request, _response, next) => {
    refuseUnreadableTarget(request);
    refuseDoubledSlash(request);
    boundBody(request);
    next();
  });
  RegisterRoutes(app);
  serveDocs(app, document);
  policies.read(app);
  app.use(notFound(document, DOCS_PATHS));
  app.use(errorHandler(logger));
  return (request, response) => {
    readTarget(request);
    app(request, response);
  };
}
