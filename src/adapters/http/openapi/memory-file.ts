import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';

export interface MemoryFileOptions {
  /** How long caches may keep it; it then has a tag to ask again with. Absent: not at all. */
  readonly cacheSeconds?: number;
  /** Besides those of the content. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is the same for everybody, made once. All requests write the same bytes; none opens a file. */
export class MemoryFile {
  readonly #content: Buffer;
  readonly #contentType: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #etag: string | null;

  constructor(content: Buffer, contentType: string, { cacheSeconds, headers }: MemoryFileOptions = {}) {
    this.#content = content;
    this.#contentType = contentType;
    this.#etag = cacheSeconds === undefined ? null : tagOf(content);
    this.#headers = {
      ...headers,
      // In place of the frame's `no-store`.
      ...(cacheSeconds === undefined ? {} : { 'Cache-Control': `public, max-age=${cacheSeconds}` }),
      ...(this.#etag === null ? {} : { ETag: this.#etag }),
    };
  }

  /** 304 where the caller has it already (RFC 9110, 13.1.2). No other condition is heeded, nor a range. */
  send(request: Request, response: Response): void {
    response.set(this.#headers);
    if (this.#isKnownTo(request)) {
      response.status(304).end();
      return;
    }
    response.set({ 'Content-Type': this.#contentType, 'Content-Length': String(this.#content.length) });
    response.end(this.#content);
  }

  #isKnownTo(request: Request): boolean {
    if (this.#etag === null) return false;
    const tags = request.get('if-none-match')?.split(',') ?? [];
    return tags.map((tag) => tag.trim().replace(/^W\//, '')).some((tag) => tag === this.#etag || tag === '*');
  }
}

function tagOf(content: Buffer): string {
  return `"${createHash('sha256').update(content).digest('base64url')}"`;
}
