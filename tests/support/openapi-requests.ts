import {
  exampleOf,
  type Known,
  type Operation,
  resolve,
  type Schema,
  schemaName,
} from './openapi-operations.js';

/** The schemas whose values name a thing that belongs to one client. */
const ID_SCHEMAS = ['Uuid', 'ConversationId'];

/** All ways to fill `names` from `values`. */
export function combinations(names: readonly string[], values: readonly string[]): Record<string, string>[] {
  return names.reduce<Record<string, string>[]>(
    (sofar, name) => sofar.flatMap((each) => values.map((value) => ({ ...each, [name]: value }))),
    [{}],
  );
}

export function fillPath(path: string, ids: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? ''));
}

export function isId(schema: Schema): boolean {
  return ID_SCHEMAS.includes(schemaName(schema) ?? '');
}

/** Names of the body's own properties that hold ids. */
export function idProperties({ body }: Operation): string[] {
  const properties = body === null ? {} : (resolve(body).properties ?? {});
  return Object.entries(properties).flatMap(([name, schema]) => (isId(schema) ? [name] : []));
}

/** The least body, with these properties besides; undefined for an operation that takes none. */
export function bodyOf({ body }: Operation, known: Known, besides: Known = {}): unknown {
  if (body === null) return undefined;
  const example = exampleOf(body, known);
  return typeof example === 'object' ? { ...example, ...besides } : example;
}
