import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import { DOCUMENT, type ResponseObject, responseOf } from '../fixtures/openapi-operations.js';

export interface SentResponse {
  readonly status: number;
  /** Each with its value; names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** What HTTP itself says of the message and its connection (RFC 9110, RFC 9112). The media type is declared as content. */
const OF_THE_TRANSPORT: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'date',
  'etag',
  'keep-alive',
  'transfer-encoding',
]);

const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { responses }]) => ({
    method: method.toUpperCase(),
    // Express takes a slash at the end.
    pattern: new RegExp(`^${path.replace(/\/$/, '').replace(/\{\w+\}/g, '[^/]+')}/?$`),
    responses,
  })),
);

/**
 * Holds a response against what openapi.json says of its operation.
 * @param target as it stands in the request line; one that belongs to no operation is not looked at.
 * @returns what is declared nowhere; null: all of it is.
 */
export function undeclaredIn(method: string, target: string, sent: SentResponse): string | null {
  const [path = ''] = target.split('?');
  const asked = method === 'HEAD' ? 'GET' : method;
  const operation = OPERATIONS.find((each) => each.method === asked && each.pattern.test(path));
  if (operation === undefined) return null;
  const name = `openapi.json does not say that ${method} ${path} answers`;
  const declared = responseOf(operation.responses, sent.status);
  if (declared === undefined) return `${name} ${sent.status}`;
  const parts = undeclaredParts(declared, sent.headers);
  return parts.length === 0 ? null : `${name} ${sent.status} with ${parts.join(', ')}`;
}

function undeclaredParts({ headers = {}, content = {} }: ResponseObject, sent: SentResponse['headers']) {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const unknown = [...sent.keys()].filter((name) => !OF_THE_TRANSPORT.has(name) && !names.has(name));
  const [mediaType] = (sent.get('content-type') ?? '').split(';');
  const isKnownType = mediaType === undefined || mediaType === '' || mediaType in content;
  return isKnownType ? unknown : [...unknown, mediaType];
}

/** Watches the server of this process that listens on a port, whoever asks it, and in whatever way. */
export class DeclaredResponses {
  readonly #undeclared = new Set<string>();
  readonly #onFinish: (message: unknown) => void;

  constructor(port: number) {
    this.#onFinish = (message) => {
      if (typeof message !== 'object' || message === null) return;
      if (!('request' in message && message.request instanceof IncomingMessage)) return;
      if (!('response' in message && message.response instanceof ServerResponse)) return;
      const { request, response } = message;
      if (request.socket.localPort !== port) return;
      const headers = Object.entries(response.getHeaders()).map(
        ([name, value]) => [name, String(value)] as const,
      );
      const sent = { status: response.statusCode, headers: new Map(headers) };
      const fault = undeclaredIn(request.method ?? '', request.url ?? '', sent);
      if (fault !== null) this.#undeclared.add(fault);
    };
    subscribe('http.server.response.finish', this.#onFinish);
  }

  /** @throws Error that names all that was answered and is declared nowhere. */
  end(): void {
    unsubscribe('http.server.response.finish', this.#onFinish);
    if (this.#undeclared.size > 0) throw new Error([...this.#undeclared].join('\n'));
  }
}
