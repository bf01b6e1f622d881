import { readFileSync } from 'node:fs';
import type { OpenApiDocument } from '#src/adapters/http/openapi/openapi-document.js';

/** The generated description that is published at /openapi.json, from the root of the package. */
export function readOpenApiDocument(): OpenApiDocument {
  return JSON.parse(readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8'));
}
