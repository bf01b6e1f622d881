import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import onHeaders from 'on-headers';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { callerAddress } from './address/caller-address.js';
import { rateLimitAddress } from './address/rate-limit-address.js';
import { hasUnboundedRest } from './body/body-bound.js';
import { contextOf, type RequestContext, setRequestContext } from './context-of.js';
import type { RoutePolicies } from './route-policies.js';

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** The first middleware: gives the request its context, every response `x-request-id` and `Server-Timing`, the log a line. */
export function requestContext(policies: RoutePolicies, clock: Clock, logger: Logger): RequestHandler {
  return (request, response, next) => {
    const incoming = request.get('x-request-id');
    const address = callerAddress(request);
    const context: RequestContext = {
      requestId: incoming !== undefined && REQUEST_ID.test(incoming) ? incoming : randomUUID(),
      address,
      rateLimitAddress: rateLimitAddress(address),
      policy: policies.find(request.method, request.path),
      startedMs: clock.monotonicMs(),
      llmMs: null,
      principal: null,
      right: null,
    };
    setRequestContext(request, context);
    response.set('x-request-id', context.requestId);
    // What was answered to one key is for nobody else, and the key's header is none that shared caches know.
    response.set('Cache-Control', 'no-store');
    onHeaders(response, () => {
      if (hasUnboundedRest(request)) response.set('Connection', 'close');
      response.set('Server-Timing', serverTiming(clock.monotonicMs() - context.startedMs, context.llmMs));
    });
    response.once('close', () => logRequest(logger, request, response, clock));
    next();
  };
}

/** `app` is the time spent here, without the wait for the model (W3C Server Timing; milliseconds). */
function serverTiming(elapsedMs: number, llmMs: number | null): string {
  const app = `app;dur=${Math.max(0, elapsedMs - (llmMs ?? 0)).toFixed(1)}`;
  return llmMs === null ? app : `${app}, llm;dur=${llmMs.toFixed(1)}`;
}

function logRequest(logger: Logger, request: Request, response: Response, clock: Clock): void {
  const { requestId, startedMs, principal } = contextOf(request);
  logger.info(
    {
      requestId,
      method: request.method,
      route: request.route?.path ?? null,
      status: response.statusCode,
      durationMs: Math.round(clock.monotonicMs() - startedMs),
      clientId: principal?.kind === 'client' ? principal.clientId : undefined,
      aborted: response.writableFinished && response.errored === null ? undefined : true,
    },
    'request',
  );
}
