import { connectionFailure, refusal } from './provider-failure.js';

/** What LangChain's clients are told instead of the key, so that none of their errors or dumps can show it. */
export const KEY_PLACEHOLDER = 'kept-elsewhere';

/**
 * The one way out to a provider. It sends our headers alone (clients add some that the environment asks for),
 * follows no redirect, and turns whatever is not a 2xx into a ProviderFailure before a client can quote it.
 * @param apiKey null: no Authorization header.
 */
export function providerFetch(apiKey: string | null): typeof fetch {
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'user-agent': 'fastwrap',
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
  };
  return async (input, init) => {
    let response: Response;
    try {
      response = await fetch(input, { ...init, headers, redirect: 'manual' });
    } catch (error) {
      throw connectionFailure(error);
    }
    if (!response.ok) throw await refusal(response);
    return response;
  };
}
