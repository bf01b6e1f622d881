import { readFileSync, writeFileSync } from 'node:fs';

const PROBLEM = '#/components/schemas/Problem';

/** Gives every Problem in the document its media type. tsoa has one media type for all responses of an operation. */
export function nameProblems(path) {
  const document = JSON.parse(readFileSync(path, 'utf8'));
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  for (const response of operations.flatMap(({ responses }) => Object.values(responses))) {
    const { 'application/json': json, ...others } = response.content ?? {};
    if (json?.schema?.$ref !== PROBLEM) continue;
    response.content = { 'application/problem+json': json, ...others };
  }
  // As tsoa writes it.
  writeFileSync(path, JSON.stringify(document, null, '\t'));
}
