import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeExamples, declareProblemExamples } from './examples.mjs';
import { declareHeaders } from './headers.mjs';
import { shareResponses } from './responses.mjs';
import { inlineNullable, pruneSchemas, wrapReferences } from './schemas.mjs';

const PROBLEM = '#/components/schemas/Problem';

/**
 * Adds to the document what tsoa cannot say, and puts it into the order in which people read it. What can be said by a
 * type, a JSDoc tag or tsoa.json is said there.
 */
export async function completeOpenApi(path) {
  const document = JSON.parse(readFileSync(path, 'utf8'));
  document.info.description = readFileSync(join(import.meta.dirname, 'introduction.md'), 'utf8').trimEnd();
  inlineNullable(document);
  wrapReferences(document);
  pruneSchemas(document);
  composeExamples(document);
  declareCommonProblems(document);
  await nameProblems(document);
  openSignUp(document);
  declareHeaders(document);
  shareResponses(document);
  sortPaths(document);
  sortComponents(document);
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`);
}

/**
 * What no controller knows of. A request that brings a body can take too long to arrive; without one it has arrived. And
 * nobody can promise that nothing goes wrong.
 */
function declareCommonProblems(document) {
  const problem = (description) => ({
    description,
    content: { 'application/json': { schema: { $ref: PROBLEM } } },
  });
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  for (const { requestBody, responses } of operations) {
    if (requestBody !== undefined) responses['408'] = problem('request_timeout');
    responses['500'] = problem('internal_error');
  }
}

/** tsoa has one media type for all responses of an operation. */
async function nameProblems(document) {
  const examplesFor = await declareProblemExamples(document);
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  for (const response of operations.flatMap(({ responses }) => Object.values(responses))) {
    const { 'application/json': json, ...others } = response.content ?? {};
    if (json?.schema?.$ref !== PROBLEM) continue;
    json.examples = examplesFor(response.description);
    response.content = { 'application/problem+json': json, ...others };
  }
}

/** tsoa cannot say that a credential is optional: for sign-up the service key is needed only where it is closed. */
function openSignUp(document) {
  document.paths['/auth/signup'].post.security = [{}, { serviceKey: [] }];
  delete document.components.securitySchemes.signup;
}

/** As the tags are; within a tag by path. */
function sortPaths(document) {
  const tags = document.tags.map(({ name }) => name);
  const rank = (methods) =>
    Math.min(...Object.values(methods).map((operation) => tags.indexOf(operation.tags[0])));
  const sorted = Object.entries(document.paths).sort(
    ([pathA, a], [pathB, b]) => rank(a) - rank(b) || (pathA < pathB ? -1 : 1),
  );
  document.paths = Object.fromEntries(sorted);
}

/** By name: tsoa's order follows the controllers' files, and a move of one would change the document. */
function sortComponents({ components }) {
  const byName = ([a], [b]) => (a < b ? -1 : 1);
  for (const [kind, named] of Object.entries(components)) {
    components[kind] = Object.fromEntries(Object.entries(named).sort(byName));
  }
}
