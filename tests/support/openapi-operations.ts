import { readFileSync } from 'node:fs';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maxLength?: number;
}

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface OperationObject {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

/** By media type. */
type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Operation {
  /** In capitals. */
  readonly method: string;
  /** With `{name}` for what varies. */
  readonly path: string;
  readonly pathParameters: readonly Parameter[];
  readonly queryParameters: readonly Parameter[];
  /** Null: it takes none. */
  readonly body: Schema | null;
  /** The scheme that it asks for; null: it is open to all. */
  readonly security: string | null;
}

/** The published description, from the root of the repository. */
export const DOCUMENT: Document = JSON.parse(
  readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8'),
);

export const OPERATIONS: readonly Operation[] = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    pathParameters: (operation.parameters ?? []).filter((parameter) => parameter.in === 'path'),
    queryParameters: (operation.parameters ?? []).filter((parameter) => parameter.in === 'query'),
    body: operation.requestBody?.content['application/json']?.schema ?? null,
    security: Object.keys(operation.security?.[0] ?? {})[0] ?? null,
  })),
);

/** The name of the schema that a property refers to, and null for one without a name. */
export function schemaName(schema: Schema): string | null {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  return reference?.replace('#/components/schemas/', '') ?? null;
}

export function resolve(schema: Schema): Schema {
  const name = schemaName(schema);
  if (name === null) return schema;
  const found = DOCUMENT.components.schemas[name];
  if (found === undefined) throw new Error(`openapi.json has no schema ${name}`);
  return resolve(found);
}

/** What the example values of one request are: by name of a property or of a schema, for what only the test can know. */
export type Known = Readonly<Record<string, unknown>>;

/** The least that a schema accepts: required properties alone, or the first one where none is required. */
export function exampleOf(schema: Schema, known: Known = {}): unknown {
  const name = schemaName(schema);
  if (name !== null && name in known) return known[name];
  const { type, properties, required, items, enum: choices, minimum } = resolve(schema);
  if (choices !== undefined) return choices[0];
  switch (type) {
    case 'object': {
      const all = Object.keys(properties ?? {});
      const wanted = all.filter((key) => required?.includes(key));
      const keys = wanted.length > 0 ? wanted : all.slice(0, 1);
      return Object.fromEntries(
        keys.map((key) => [key, key in known ? known[key] : exampleOf(properties?.[key] ?? {}, known)]),
      );
    }
    case 'array':
      return [exampleOf(items ?? {}, known)];
    case 'integer':
    case 'number':
      return minimum ?? 1;
    case 'boolean':
      return false;
    default:
      return 'example';
  }
}
