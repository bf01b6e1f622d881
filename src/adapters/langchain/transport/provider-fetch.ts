import { errorFromResponse } from './provider-failure.js';
import type { ProviderTransport } from './provider-transport.js';

/** What LangChain's clients receive instead of the key, so that none of their errors or dumps can show it. */
export const KEY_PLACEHOLDER = 'kept-elsewhere';

/** All that a provider learns about us. @param apiKey null: no Authorization header. */
export function jsonHeaders(apiKey: string | null): Readonly<Record<string, string>> {
  return {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'user-agent': 'fastwrap',
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
  };
}

/**
 * The way out for a provider's own client. It sends our headers alone (clients add some that the environment asks for),
 * follows no redirect, and turns whatever is not a 2xx into a ProviderFailure before a client can quote it.
 * @param apiKey null: no Authorization header.
 * @param callSignal of the one call that it is made for; absent: that of each request's options. The signal of a `Request`
 * is not listened to: that of a cloned one is forgotten when garbage is collected (Node 20), and the call would go on.
 */
export function providerFetch(
  transport: ProviderTransport,
  apiKey: string | null,
  callSignal?: AbortSignal | null,
): typeof fetch {
  const headers = jsonHeaders(apiKey);
  return async (input, init) => {
    const { url, body } = await readRequest(input, init);
    const signal = callSignal ?? init?.signal ?? null;
    const response = await transport.send(url, { method: 'POST', headers, body, signal });
    if (!response.ok) throw await errorFromResponse(response);
    return response;
  };
}

interface ReadRequest {
  readonly url: string;
  readonly body: string;
}

/** OpenAI's client calls with an address and options, Mistral's with a Request. */
async function readRequest(
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
): Promise<ReadRequest> {
  if (input instanceof Request) {
    return { url: input.url, body: await input.text() };
  }
  const body = init?.body ?? '';
  if (typeof body !== 'string') throw new TypeError('a model is only ever sent JSON text');
  return { url: String(input), body };
}
