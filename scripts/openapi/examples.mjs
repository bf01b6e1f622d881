import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { resolveSchema } from './schemas.mjs';

const ROOT = join(import.meta.dirname, '../..');

/** Every schema that has none of its own gets an example that is made of those of its parts. */
export function composeExamples(document) {
  for (const schema of Object.values(document.components.schemas)) {
    if (!('example' in schema)) schema.example = exampleOf(document, schema);
  }
}

function exampleOf(document, schema) {
  if ('example' in schema) return schema.example;
  const resolved = resolveSchema(document, schema);
  if (resolved !== schema) return exampleOf(document, resolved);
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.type === 'array')
    return Array.from({ length: schema.minItems ?? 1 }, () => exampleOf(document, schema.items));
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    exampleOf(document, property),
  ]);
  return schema.type === 'object'
    ? Object.fromEntries(properties.filter(([, value]) => value !== undefined))
    : undefined;
}

/** For what imports nothing at run time. */
async function importSource(path) {
  const { outputText } = ts.transpileModule(readFileSync(join(ROOT, path), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}

/**
 * Puts an example of each code that a response may have into the document's components, as the service answers it.
 * @returns for a response's description: the examples of the codes that it names.
 */
export async function declareProblemExamples(document) {
  const { AppError, ERROR_CODES } = await importSource('src/domain/errors.ts');
  const { PROBLEM_STATUS } = await importSource('src/adapters/http/pipeline/errors/problem-status.ts');
  const { errors, ...common } = document.components.schemas.Problem.example;
  const examples = {};
  document.components.examples = examples;

  function declare(code) {
    const { kind, detail } = new AppError(code);
    const own = { type: `urn:fastwrap:error:${code}`, ...PROBLEM_STATUS[kind], detail, code };
    examples[code] = { value: { ...common, ...own, ...(code === 'invalid_request' ? { errors } : {}) } };
    return { $ref: `#/components/examples/${code}` };
  }
  return (description) => {
    const codes = (description.match(/[a-z_]+/g) ?? []).filter((word) => ERROR_CODES.includes(word));
    return Object.fromEntries(codes.map((code) => [code, declare(code)]));
  };
}
