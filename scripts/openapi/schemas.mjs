const PREFIX = '#/components/schemas/';

export function resolveSchema(document, schema) {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  return reference === undefined ? schema : document.components.schemas[reference.slice(PREFIX.length)];
}

function visit(value, change) {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) change(value);
  for (const inner of Object.values(value)) visit(inner, change);
}

/** OpenAPI 3.0 knows `nullable` only beside `type`: a reference to what may not be null can never be null itself. */
export function inlineNullable(document) {
  visit(document, (schema) => {
    if (schema.nullable === false) delete schema.nullable;
    if (schema.nullable !== true || schema.allOf === undefined) return;
    const { allOf, ...own } = schema;
    delete schema.allOf;
    Object.assign(schema, structuredClone(resolveSchema(document, { allOf })), own);
  });
}

/** What stands beside a `$ref` is ignored. */
export function wrapReferences(document) {
  visit(document.components.schemas, (schema) => {
    const { $ref, ...siblings } = schema;
    if (typeof $ref !== 'string' || Object.keys(siblings).length === 0) return;
    for (const name of Object.keys(schema)) delete schema[name];
    Object.assign(schema, { allOf: [{ $ref }], ...siblings });
  });
}

/** Drops what nothing refers to any more. */
export function pruneSchemas(document) {
  const { schemas } = document.components;
  const isUsed = (name) => JSON.stringify(document).includes(`"${PREFIX}${name}"`);
  for (;;) {
    const unused = Object.keys(schemas).filter((name) => !isUsed(name));
    if (unused.length === 0) return;
    for (const name of unused) delete schemas[name];
  }
}
