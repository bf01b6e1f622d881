import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { FieldError } from '#src/domain/errors.js';
import type { OpenApiDocument } from './openapi-document.js';

const DOCUMENT = 'openapi.json';
const MAX_NAME_CHARACTERS = 64;
const MAX_FAULTS = 50;
const PATTERN_SENTENCES: ReadonlyMap<unknown, string> = new Map([
  ['uuid', 'must be a lower-case UUID'],
  ['email', 'must be an email address'],
  ['conversation-id', 'must be 1 to 200 visible ASCII characters without spaces, and not . or .. alone'],
]);

/**
 * Request bodies against the published openapi.json itself, so that what it says is what holds. tsoa's own check
 * follows, but it turns "12" into 12 in places and lets unknown properties of some types through.
 */
export class BodySchemas {
  readonly #document: OpenApiDocument;
  readonly #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, verbose: true });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: OpenApiDocument) {
    this.#document = document;
    this.#ajv.addSchema({ $id: DOCUMENT, ...toJsonSchema({ components: document.components }) });
  }

  /**
   * @param routePath as express knows it, `/api/characters/:uuid`.
   * @returns one entry for each faulty field, at most 50; empty when the body is as the contract has it.
   */
  check(method: string, routePath: string, body: unknown): FieldError[] {
    const validate = this.#validator(method.toLowerCase(), routePath.replace(/:(\w+)/g, '{$1}'));
    if (validate(body)) return [];
    const byField = new Map<string, FieldError>();
    for (const error of validate.errors ?? []) {
      const fault = toFieldError(error);
      if (!byField.has(fault.field)) byField.set(fault.field, fault);
      if (byField.size === MAX_FAULTS) break;
    }
    return [...byField.values()];
  }

  #validator(method: string, path: string): ValidateFunction {
    const name = `${method} ${path}`;
    const known = this.#compiled.get(name);
    if (known !== undefined) return known;
    const schema = this.#document.paths[path]?.[method]?.requestBody?.content['application/json']?.schema;
    if (schema === undefined) throw new Error(`openapi.json has no request body for ${name}`);
    const validate = this.#ajv.compile(toJsonSchema(schema));
    this.#compiled.set(name, validate);
    return validate;
  }
}

/** References lead into the whole document; `nullable`, as OpenAPI 3.0 writes it, Ajv knows itself. */
function toJsonSchema(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (key: string, value: unknown) => {
    if (key === '$ref' && typeof value === 'string') return `${DOCUMENT}${value}`;
    return typeof value === 'object' && value !== null ? boundPattern(value) : value;
  });
}

/** A pattern is tried on texts of bearable length alone: all faults are looked for, also after one was found. */
function boundPattern(schema: object): object {
  if (!('pattern' in schema) || !('maxLength' in schema)) return schema;
  const { pattern, ...rest } = schema;
  // biome-ignore lint/suspicious/noThenProperty: it is JSON Schema's word
  return { ...rest, if: { maxLength: schema.maxLength }, then: { ...rest, pattern } };
}

function toFieldError(error: ErrorObject): FieldError {
  const parent = error.instancePath.slice(1).replaceAll('/', '.');
  const inner = error.params['missingProperty'] ?? error.params['additionalProperty'];
  const path = [parent, typeof inner === 'string' ? inner.slice(0, MAX_NAME_CHARACTERS) : ''].filter(
    (part) => part !== '',
  );
  return { field: path.join('.') || 'body', message: sentence(error) };
}

/** What a person can act on; Ajv's own words are kept where they are that already. Its error holds the value: never shown. */
function sentence({ keyword, params, parentSchema, message }: ErrorObject): string {
  switch (keyword) {
    case 'required':
      return 'is required';
    case 'additionalProperties':
      return 'is not a known field';
    case 'minLength':
      return params['limit'] === 1 ? 'must not be empty' : `must have at least ${params['limit']} characters`;
    case 'maxLength':
      return `must have at most ${params['limit']} characters`;
    case 'minimum':
      return `must be at least ${params['limit']}`;
    case 'maximum':
      return `must be at most ${params['limit']}`;
    case 'enum':
      return `must be one of ${params['allowedValues'].join(', ')}`;
    case 'pattern':
      return PATTERN_SENTENCES.get(parentSchema?.['format']) ?? 'has characters that are not allowed here';
    default:
      return message ?? 'is not valid';
  }
}
