import { readFileSync } from 'node:fs';

/** One value that a caller sends, as openapi.json bounds it. */
export interface ValueSchema {
  readonly type: 'string' | 'integer' | 'number' | 'boolean';
  readonly nullable?: boolean;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface NamedValue {
  readonly name: string;
  readonly schema: ValueSchema;
  readonly required: boolean;
}

export interface Operation {
  /** In upper case. */
  readonly method: string;
  /** `/api/characters/{uuid}` */
  readonly path: string;
  readonly pathParameters: readonly NamedValue[];
  readonly queryParameters: readonly NamedValue[];
  /** The fields of its JSON body, inner ones as `outer.inner`; null: it takes none. */
  readonly body: readonly NamedValue[] | null;
}

interface RawSchema extends Partial<Omit<ValueSchema, 'type'>> {
  readonly type?: ValueSchema['type'] | 'object';
  readonly $ref?: string;
  readonly allOf?: readonly RawSchema[];
  readonly properties?: Readonly<Record<string, RawSchema>>;
  readonly required?: readonly string[];
}

interface RawOperation {
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required: boolean;
    readonly schema: RawSchema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: RawSchema }>> };
}

interface RawDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, RawSchema>> };
}

/** Everything that openapi.json describes. */
export function readOperations(): Operation[] {
  const url = new URL('../../../openapi.json', import.meta.url);
  const document: RawDocument = JSON.parse(readFileSync(url, 'utf8'));
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const parameters = (place: string): NamedValue[] =>
        (operation.parameters ?? [])
          .filter((parameter) => parameter.in === place)
          .map(({ name, required, schema }) => ({ name, required, schema: scalar(document, schema) }));
      const body = operation.requestBody?.content['application/json']?.schema;
      return {
        method: method.toUpperCase(),
        path,
        pathParameters: parameters('path'),
        queryParameters: parameters('query'),
        body: body === undefined ? null : fields(document, body),
      };
    }),
  );
}

function fields(document: RawDocument, schema: RawSchema): NamedValue[] {
  const { properties = {}, required = [] } = resolve(document, schema);
  return Object.entries(properties).flatMap(([name, property]) => {
    if (resolve(document, property).type === 'object') {
      return fields(document, property).map((inner) => ({ ...inner, name: `${name}.${inner.name}` }));
    }
    return { name, required: required.includes(name), schema: scalar(document, property) };
  });
}

function scalar(document: RawDocument, schema: RawSchema): ValueSchema {
  const { type, ...bounds } = resolve(document, schema);
  if (type === undefined || type === 'object') throw new Error(`bad input cannot be made for ${type}`);
  return { ...bounds, type };
}

function resolve(document: RawDocument, schema: RawSchema): RawSchema {
  const { $ref, allOf = [], ...own } = schema;
  const inherited = [
    ...($ref === undefined ? [] : [document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {}]),
    ...allOf,
  ];
  return Object.assign({}, ...inherited.map((part) => resolve(document, part)), own);
}
