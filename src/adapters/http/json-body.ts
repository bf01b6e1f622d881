import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { AppError, type FieldError, invalidFields } from '#src/domain/app-error.js';
import { authorizeAgain } from './authentication.js';
import { httpServices } from './http-services.js';
import { requestContext } from './request-context.js';
import { scanJson } from './scan-json.js';

const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 32;
const LONGEST_FIELD = 64;
/** After so long who calls is asked once more: part of the second within which a key is refused. */
const LATE_MS = 250;
const JSON_MEDIA_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i;

const readRaw = express.raw({ limit: MAX_BYTES, type: () => true });

/**
 * Reads, decodes, parses and checks the body of the route that it stands on, strictly: nothing is coerced, dropped or
 * repaired. It stands on the routes themselves, behind authentication, so that strangers' bodies are not even read. A
 * body may take its time, and its key be revoked meanwhile.
 */
export const jsonBody: RequestHandler = (request, response, next) => {
  if (!JSON_MEDIA_TYPE.test(request.get('content-type') ?? '')) throw new AppError('unsupported_media_type');
  readRaw(request, response, (error?: unknown) => {
    if (error) next(bodyReadError(error));
    else if (isLate(request)) authorizeAgain(request).then(() => checkBody(request, response, next), next);
    else checkBody(request, response, next);
  });
};

function isLate(request: Request): boolean {
  return httpServices(request).clock.monotonicMs() - requestContext(request).startedMs > LATE_MS;
}

function checkBody(request: Request, _response: Response, next: NextFunction): void {
  try {
    const body = parse(request.body);
    const fields = httpServices(request).bodySchemas.check(request.method, request.route.path, body);
    if (fields.length > 0) throw new AppError('invalid_request', { fields });
    request.body = body;
  } catch (error) {
    next(error);
    return;
  }
  next();
}

function parse(raw: unknown): unknown {
  if (!Buffer.isBuffer(raw) || raw.length === 0) {
    throw new AppError('invalid_request', { detail: 'The body is empty.' });
  }
  const text = decode(raw);
  const shape = scanJson(text, MAX_DEPTH);
  if (shape.isTooDeep) throw new AppError('payload_too_large');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new AppError('invalid_request', { detail: 'The body is not valid JSON.' });
  }
  if (shape.hasRepeatedName) {
    throw new AppError('invalid_request', { detail: 'The body has the same field twice.' });
  }
  const unfit = findUnfitString(body, '');
  if (unfit !== null) throw invalidFields(unfit);
  return body;
}

function decode(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    throw new AppError('invalid_request', { detail: 'The body is not valid UTF-8.' });
  }
}

/** Text that no store and no provider would give back as it came: half surrogate pairs and NUL. */
function findUnfitString(value: unknown, path: string): FieldError | null {
  if (typeof value === 'string') {
    return value.isWellFormed() && !value.includes('\0')
      ? null
      : { field: path.slice(0, LONGEST_FIELD) || 'body', message: 'must be well-formed Unicode without NUL' };
  }
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const unfit = findUnfitString(inner, path === '' ? key : `${path}.${key}`);
    if (unfit !== null) return unfit;
  }
  return null;
}

/** body-parser's errors carry the body itself, so nothing of them is kept but their type. */
function bodyReadError(error: unknown): AppError {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.too.large':
      return new AppError('payload_too_large');
    case 'encoding.unsupported':
      return new AppError('unsupported_media_type', { detail: 'This Content-Encoding is not supported.' });
    default:
      return new AppError('invalid_request', { detail: 'The body could not be read.' });
  }
}
