import type { ProviderConnection } from './chat-model-factory.js';
import type { ModelSettings } from './model-settings.js';
import { wholeText } from './transport/bounded-body.js';
import { MISTRAL_URL, OPENAI_BASE_URL } from './transport/provider-addresses.js';
import { errorFromResponse } from './transport/provider-failure.js';
import { jsonHeaders } from './transport/provider-fetch.js';
import { toResponse } from './transport/provider-transport.js';

/** OpenAI lists some hundred models in 20 kB, gateways some thousand. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;

/**
 * Asks the provider for its list of models, which costs nothing, and holds the key and the names against it. An answer
 * that is no such list says nothing, and neither does none.
 * @param signal its deadline.
 */
export async function checkModels(
  connection: ProviderConnection,
  models: readonly string[],
  settings: ModelSettings,
  signal: AbortSignal,
): Promise<void> {
  const url = listOf(connection);
  if (url === null) return;
  const headers = jsonHeaders(connection.apiKey);
  const answer = await connection.transport.exchange(url, { method: 'GET', headers, body: null, signal });
  const status = answer.statusCode;
  if (status < 200 || status > 299) {
    const failure = await errorFromResponse(await toResponse(answer));
    // A key that may not list models may well be one that may use them.
    if (status === 401) settings.failed(models[0] ?? '', failure);
    return;
  }
  const names = namesIn(JSON.parse(await wholeText(answer.body, MAX_LIST_BYTES)));
  if (names.size === 0) return;
  for (const model of models) {
    // Ollama lists `llama3.2:latest`, and answers to `llama3.2`.
    if (names.has(model) || names.has(`${model}:latest`)) settings.answered(model);
    else settings.suspect(model);
  }
}

function listOf({ provider, baseUrl }: ProviderConnection): URL | null {
  const own = {
    openai: OPENAI_BASE_URL,
    mistral: `${MISTRAL_URL}/v1`,
    'openai-compatible': null,
    demo: null,
  };
  const base = baseUrl ?? own[provider];
  return base === null || provider === 'demo' ? null : new URL(`${base.replace(/\/$/, '')}/models`);
}

/** `{ data: [{ id }] }`; Mistral's have `aliases` too. */
function namesIn(list: unknown): Set<string> {
  const entries: unknown = isObject(list) ? list['data'] : null;
  if (!Array.isArray(entries)) return new Set();
  const names = entries
    .filter(isObject)
    .flatMap(({ id, aliases }): unknown[] => [id, ...(Array.isArray(aliases) ? aliases : [])]);
  return new Set(names.filter((name) => typeof name === 'string'));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
