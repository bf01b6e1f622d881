/** What a refusal meant, where its body says so in one of the ways that providers are known to use. */
export type RefusalReason = 'context_too_long' | 'content_filtered' | 'quota_exhausted';

export interface ProviderFailureFacts {
  readonly name: string;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** A provider's failure without one of its words: they may quote the key or the conversation. Safe to log. */
export class ProviderFailure extends Error {
  readonly status: number | undefined;
  /** A system's error code, or a {@link RefusalReason}. */
  readonly code: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(facts: ProviderFailureFacts) {
    super([facts.name, facts.status, facts.code].filter((part) => part !== undefined).join(' '));
    this.name = facts.name;
    this.status = facts.status;
    this.code = facts.code;
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

const REASONS: readonly (readonly [RefusalReason, RegExp])[] = [
  [
    'context_too_long',
    /context[_ ](length|size|window)|maximum context|too many (input |prompt )?tokens|(prompt|input) (is )?too (long|large)|string_above_max_length/i,
  ],
  ['content_filtered', /content[_ -]?(filter|policy|management)|responsible_?ai|moderation|flagged/i],
  ['quota_exhausted', /insufficient[_ ]quota|exceeded your current quota/i],
];

const MOST_OF_A_REFUSAL_BYTES = 65_536;

/** Reads what a response other than 2xx means, and leaves its words behind. */
export async function refusal(response: Response): Promise<ProviderFailure> {
  const body = await beginningOf(response).catch(() => '');
  return new ProviderFailure({
    name: 'ProviderRefusal',
    status: response.status,
    code: REASONS.find(([, pattern]) => pattern.test(body))?.[0],
    retryAfterSeconds: parseRetryAfter(response.headers.get('retry-after'), Date.now()),
  });
}

/** Whatever kept a request from its response. */
export function connectionFailure(error: unknown): ProviderFailure {
  return new ProviderFailure({ name: 'ProviderUnreached', code: systemCode(error) });
}

/** Of anything that a client throws: the failure itself when it is in the chain of causes, else its bare name and code. */
export function failureOf(error: unknown): ProviderFailure {
  for (const link of causes(error)) {
    if (link instanceof ProviderFailure) return link;
  }
  const name = error instanceof Error ? error.name : typeof error;
  return new ProviderFailure({ name, code: systemCode(error) });
}

/** `Retry-After` in whole seconds (RFC 9110, 10.2.3) when it is sane: 1 to 3,600. */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const wait = Math.ceil(Number.isNaN(seconds) ? (Date.parse(header) - nowMs) / 1000 : seconds);
  return wait >= 1 && wait <= 3600 ? wait : undefined;
}

async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= MOST_OF_A_REFUSAL_BYTES) break;
  }
  return text;
}

/** Node and undici write their codes in capitals; anything else might be somebody's text. */
function systemCode(error: unknown): string | undefined {
  for (const link of causes(error)) {
    if ('code' in link && typeof link.code === 'string' && /^[A-Z][A-Z0-9_]{2,63}$/.test(link.code)) {
      return link.code;
    }
  }
  return undefined;
}

function* causes(error: unknown): Generator<object> {
  for (let link = error, depth = 0; typeof link === 'object' && link !== null && depth < 8; depth += 1) {
    yield link;
    link = 'cause' in link ? link.cause : undefined;
  }
}
