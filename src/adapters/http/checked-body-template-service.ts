import { ExpressTemplateService, type TsoaRoute } from '@tsoa/runtime';
import type { Request, Response } from 'express';
import { refuseUnknownParameters } from './unknown-parameters.js';

interface ValidationParams {
  readonly args: Record<string, TsoaRoute.ParameterSchema>;
  readonly request: Request;
  readonly response: Response;
}

/**
 * The generated routes' own checks, and one that tsoa lacks: no query parameter that the route does not know. Without the
 * one of the body: `jsonBody` has checked it against openapi.json, and a second opinion would differ (tsoa counts a text's
 * UTF-16 units, JSON Schema its characters).
 */
export class CheckedBodyTemplateService extends ExpressTemplateService {
  override getValidatedArgs({ args, request, response }: ValidationParams): unknown[] {
    const parameters = Object.values(args).filter(({ in: place }) => place === 'query');
    refuseUnknownParameters(
      request.query,
      parameters.map(({ name }) => name),
    );
    const others = Object.entries(args).filter(([, { in: place }]) => place !== 'body');
    const checked = super.getValidatedArgs({ args: Object.fromEntries(others), request, response });
    return Object.values(args).map(({ in: place }) => (place === 'body' ? request.body : checked.shift()));
  }
}
