import { ExpressTemplateService, type TsoaRoute } from '@tsoa/runtime';
import type { Request, Response } from 'express';
import { refuseUnknownParameters } from '../pipeline/unknown-parameters.js';

type Args = Record<string, TsoaRoute.ParameterSchema>;

interface ValidationParams {
  readonly args: Args;
  readonly request: Request;
  readonly response: Response;
}

/** Where a route's arguments come from. */
interface Sources {
  readonly queryNames: readonly string[];
  readonly withoutBody: Args;
  readonly areBody: readonly boolean[];
}

/**
 * The generated routes' own checks, and one that tsoa lacks: no query parameter that the route does not know. Without the
 * one of the body: `jsonBody` has checked it against openapi.json, and a second opinion would differ (tsoa counts a text's
 * UTF-16 units, JSON Schema its characters).
 */
export class CheckedBodyTemplateService extends ExpressTemplateService {
  /** By the list of arguments that the generated code has for each route. */
  readonly #sources = new WeakMap<Args, Sources>();

  override getValidatedArgs({ args, request, response }: ValidationParams): unknown[] {
    const { queryNames, withoutBody, areBody } = this.#sourcesOf(args);
    refuseUnknownParameters(request.query, queryNames);
    const checked = super.getValidatedArgs({ args: withoutBody, request, response });
    return areBody.map((isBody) => (isBody ? request.body : checked.shift()));
  }

  #sourcesOf(args: Args): Sources {
    const known = this.#sources.get(args);
    if (known !== undefined) return known;
    const parameters = Object.values(args);
    const others = Object.entries(args).filter(([, { in: place }]) => place !== 'body');
    const sources = {
      queryNames: parameters.filter(({ in: place }) => place === 'query').map(({ name }) => name),
      withoutBody: Object.fromEntries(others),
      areBody: parameters.map(({ in: place }) => place === 'body'),
    };
    this.#sources.set(args, sources);
    return sources;
  }
}
