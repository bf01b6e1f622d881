import type { Request, RequestHandler } from 'express';
import { httpServices } from '#src/adapters/http/http-services.js';
import { AppError, type FieldError, invalidFields } from '#src/domain/errors.js';
import { authorizeAgain } from '../authentication.js';
import { contextOf } from '../context-of.js';
import { readBody } from './read-body.js';
import { scanJson } from './scan-json.js';

/** Far more than any body of the contract has. */
const BOUNDS = { maxDepth: 32, maxValues: 1000 };
const MAX_FIELD_CHARACTERS = 64;
/** After so long who calls is asked once more: part of the second within which a key is refused. */
const REAUTHENTICATE_AFTER_MS = 250;
const UTF8 = new TextDecoder('utf-8', { fatal: true });
const JSON_MEDIA_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i;

/**
 * Reads, decodes, parses and checks the body of the route that it stands on, strictly: nothing is coerced, dropped or
 * repaired. It stands on the routes themselves, behind authentication, so that anonymous bodies are not even read. A
 * body may take its time, and its key be revoked meanwhile.
 */
export const jsonBody: RequestHandler = async (request, _response, next) => {
  if (!JSON_MEDIA_TYPE.test(request.get('content-type') ?? '')) throw new AppError('unsupported_media_type');
  const raw = await readBody(request);
  if (isLate(request)) await authorizeAgain(request);
  checkBody(request, raw);
  next();
};

function isLate(request: Request): boolean {
  return httpServices(request).clock.monotonicMs() - contextOf(request).startedMs > REAUTHENTICATE_AFTER_MS;
}

function checkBody(request: Request, raw: Buffer): void {
  const body = parse(raw);
  const fields = httpServices(request).bodySchemas.check(request.method, request.route.path, body);
  if (fields.length > 0) throw new AppError('invalid_request', { fields });
  request.body = body;
}

function parse(raw: Buffer): unknown {
  if (raw.length === 0) throw new AppError('invalid_request', { detail: 'The body is empty.' });
  const text = decode(raw);
  const { isOverBounds, writtenFields } = scanJson(text, BOUNDS);
  if (isOverBounds) throw new AppError('payload_too_large');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new AppError('invalid_request', { detail: 'The body is not valid JSON.' });
  }
  // Of two fields with one name, however that is escaped, JSON.parse drops the first without a word.
  if (countFields(body) < writtenFields) {
    throw new AppError('invalid_request', { detail: 'The body has the same field twice.' });
  }
  const unfit = findUnfitString(body, '');
  if (unfit !== null) throw invalidFields(unfit);
  return body;
}

function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value);
  const own = Array.isArray(value) ? 0 : inner.length;
  return inner.reduce<number>((sum, each) => sum + countFields(each), own);
}

function decode(raw: Buffer): string {
  try {
    return UTF8.decode(raw);
  } catch {
    throw new AppError('invalid_request', { detail: 'The body is not valid UTF-8.' });
  }
}

/** Text that no store and no provider would give back as it came: half surrogate pairs and NUL. */
function findUnfitString(value: unknown, path: string): FieldError | null {
  if (typeof value === 'string') {
    return value.isWellFormed() && !value.includes('\0')
      ? null
      : {
          field: path.slice(0, MAX_FIELD_CHARACTERS) || 'body',
          message: 'must be well-formed Unicode without NUL',
        };
  }
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const unfit = findUnfitString(inner, path === '' ? key : `${path}.${key}`);
    if (unfit !== null) return unfit;
  }
  return null;
}
