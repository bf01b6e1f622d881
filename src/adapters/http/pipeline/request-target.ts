import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { AppError } from '#src/domain/errors.js';

const HTTP_ORIGIN = /^https?:\/\/[^/?#]*/i;

const DOUBLED_SLASH =
  'There is nothing at this address: its path has two slashes in a row. A slash within an id is written %2F.';

const unreadable = new WeakSet<IncomingMessage>();

/**
 * Gives a request that was written for a proxy, with scheme and host, the target that it would have without (RFC 9112,
 * 3.2.2). Express would answer by itself, before any of our parts, when it cannot read such a target; one that names no
 * address goes by the root's until {@link refuseUnreadableTarget} sees it.
 */
export function readTarget(request: IncomingMessage): void {
  const target = request.url ?? '';
  if (target.startsWith('/') || target === '*') return;
  const origin = HTTP_ORIGIN.exec(target)?.[0];
  if (origin === undefined || !URL.canParse(origin)) {
    unreadable.add(request);
    request.url = '/';
    return;
  }
  const rest = target.slice(origin.length);
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
}

/** Stands behind the parts that every request passes. */
export function refuseUnreadableTarget(request: IncomingMessage): void {
  if (unreadable.has(request)) throw new AppError('invalid_request', { detail: 'The address is not valid.' });
}

/** Not read as a single slash: what a proxy keeps closed by its path would be open by another spelling of it. */
export function refuseDoubledSlash({ path }: Request): void {
  if (path.includes('//')) throw new AppError('not_found', { detail: DOUBLED_SLASH });
}
