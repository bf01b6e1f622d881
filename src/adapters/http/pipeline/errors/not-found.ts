import type { RequestHandler } from 'express';
import type { OpenApiDocument } from '#src/adapters/http/openapi/openapi-document.js';
import { AppError } from '#src/domain/errors.js';

/**
 * Answers what no route took: 405 with `Allow` where another method would have done, else 404.
 * @param pages that can be read, beside what the document describes.
 */
export function notFound(document: OpenApiDocument, pages: readonly string[]): RequestHandler {
  const described = Object.entries(document.paths).map(([path, operations]) => ({
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`),
    allow: allowedMethods(Object.keys(operations)),
  }));
  const read = allowedMethods(['get']);
  return (request, response) => {
    const route = described.find(({ pattern }) => pattern.test(request.path));
    const allow = pages.includes(request.path) ? read : route?.allow;
    if (allow === undefined) throw new AppError('not_found');
    response.set('Allow', allow);
    if (request.method !== 'OPTIONS') throw new AppError('method_not_allowed');
    response.status(204).end();
  };
}

function allowedMethods(methods: string[]): string {
  const upper = methods.map((method) => method.toUpperCase());
  return [...upper, ...(upper.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}
