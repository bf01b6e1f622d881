import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { AppError } from '#src/domain/errors.js';
import { MAX_BODY_BYTES } from './body-bound.js';

type Decode = (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>;

const DECODERS: ReadonlyMap<string, Decode> = new Map([
  ['gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, ZlibOptions, Buffer>(inflate)],
  ['br', promisify<Buffer, ZlibOptions, Buffer>(brotliDecompress)],
]);

/**
 * The whole body, decoded. Neither the bytes that arrive nor what they decode to may be more than the bound: a few bytes
 * can decode to very many, and very many to none.
 * @throws AppError `payload_too_large` as soon as there is more, without reading on; `unsupported_media_type` for another
 * `Content-Encoding`; `invalid_request` when it cannot be read or decoded.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  const decode = DECODERS.get(encoding);
  if (decode === undefined && encoding !== 'identity') {
    throw new AppError('unsupported_media_type', { detail: 'This Content-Encoding is not supported.' });
  }
  const received = await receive(request);
  if (decode === undefined || received.length === 0) return received;
  try {
    return await decode(received, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    throw isTooMuch(error) ? new AppError('payload_too_large') : unreadable();
  }
}

/** A body that is over the bound is left where it is; whoever answers closes the connection. */
function receive(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isOver = false;
    const finish = () => {
      isOver = true;
      // Most bodies come in one piece, which needs no copy.
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    };
    // Every request closes: an error with its stack, made for nothing, would cost more than the body.
    const fail = () => {
      if (!isOver) reject(unreadable());
    };
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) {
        chunks.push(chunk);
        return;
      }
      isOver = true;
      request.off('data', take).pause();
      reject(new AppError('payload_too_large'));
    };
    request.on('data', take);
    request.once('end', finish);
    request.once('error', fail);
    request.once('close', fail);
  });
}

function isTooMuch(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function unreadable(): AppError {
  return new AppError('invalid_request', { detail: 'The body could not be read.' });
}
