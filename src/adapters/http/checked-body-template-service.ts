import { ExpressTemplateService, type TsoaRoute } from '@tsoa/runtime';
import type { Request, Response } from 'express';

interface ValidationParams {
  readonly args: Record<string, TsoaRoute.ParameterSchema>;
  readonly request: Request;
  readonly response: Response;
}

/**
 * The generated routes' own checks, without the one of the body: `jsonBody` has checked it against openapi.json, and a
 * second opinion would differ (tsoa counts a text's UTF-16 units, JSON Schema its characters).
 */
export class CheckedBodyTemplateService extends ExpressTemplateService {
  override getValidatedArgs({ args, request, response }: ValidationParams): unknown[] {
    const others = Object.entries(args).filter(([, { in: place }]) => place !== 'body');
    const checked = super.getValidatedArgs({ args: Object.fromEntries(others), request, response });
    return Object.values(args).map(({ in: place }) => (place === 'body' ? request.body : checked.shift()));
  }
}
