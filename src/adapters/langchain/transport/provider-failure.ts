/** What an error response meant, where its body says so in one of the ways that providers are known to use. */
export type ErrorReason =
  | 'context_too_long'
  | 'content_filtered'
  | 'quota_exhausted'
  | 'model_unknown'
  | 'roles_refused';

export interface ProviderFailureFacts {
  readonly name: string;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** A provider's failure without one of its words: they may quote the key or the conversation. Safe to log. */
export class ProviderFailure extends Error {
  readonly status: number | undefined;
  /** A system's error code, or a {@link ErrorReason}. */
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

const REASONS: readonly (readonly [ErrorReason, RegExp])[] = [
  [
    'context_too_long',
    /context[_ ](length|size|window)|maximum context|too many (input |prompt )?tokens|(prompt|input) (is )?too (long|large)|string_above_max_length/i,
  ],
  ['content_filtered', /content[_ -]?(filter|policy|management)|responsible_?ai|moderation|flagged/i],
  ['quota_exhausted', /insufficient[_ ]quota|exceeded your current quota/i],
  ['model_unknown', /model_not_found|invalid[_ ]model|unknown[_ ]model/i],
  ['roles_refused', /roles must alternate|(must|should) alternate (between )?user|first message must be/i],
];

/** What an error response without a status says of itself: the types of OpenAI, Azure and Anthropic, and those who copy them. */
const STATUSES: readonly (readonly [number, RegExp])[] = [
  [429, /rate[_ ]?limit|too many requests/i],
  [503, /overloaded|unavailable|at capacity/i],
  [500, /server[_ ]?error|internal[_ ]error/i],
];

const MAX_ERROR_BODY_BYTES = 65_536;
/** Lists, objects and texts of an error response that are looked at; most have a handful. */
const MAX_LOOKS = 1000;
const ERROR_BODY_WITHIN_MS = 250;
const OWN_FIELDS = new Set([
  'error',
  'errors',
  'detail',
  'code',
  'type',
  'message',
  'msg',
  'reason',
  'innererror',
]);
const MAX_RETRY_AFTER_SECONDS = 3600;

/** Reads what a response other than 2xx means, and leaves its words behind. */
export async function errorFromResponse(response: Response): Promise<ProviderFailure> {
  const words = ownWords(await beginningOf(response).catch(() => ''));
  return new ProviderFailure({
    name: 'ProviderError',
    status: response.status,
    code: reasonIn(words),
    retryAfterSeconds: parseRetryAfter(response.headers.get('retry-after'), response.headers.get('date')),
  });
}

/** An error that comes with a status of 200, whole or in the middle of a stream. @throws ProviderFailure */
export function assertNoErrorBody(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return;
  const { error } = answer;
  if (error === null || error === undefined) return;
  const words = wordsOf({ error }).join('\n');
  const reason = reasonIn(words);
  throw new ProviderFailure({
    name: 'ProviderError',
    status: statusIn(error) ?? STATUSES.find(([, pattern]) => pattern.test(words))?.[0] ?? (reason && 400),
    code: reason,
  });
}

/** Some give their error the status that its response should have had. */
function statusIn(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const candidates = ['status' in error && error.status, 'code' in error && error.code].map(Number);
  return candidates.find((status) => status >= 400 && status <= 599);
}

function reasonIn(words: string): ErrorReason | undefined {
  return REASONS.find(([, pattern]) => pattern.test(words))?.[0];
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

/**
 * `Retry-After` in whole seconds (RFC 9110, 10.2.3), 1 to 3,600; a longer wait counts as 3,600, no wait as nothing. A date
 * is measured from the `Date` of the same response, so that no clock of this machine has a say in it.
 */
export function parseRetryAfter(header: string | null, date: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const sentAtMs = Date.parse(date ?? '');
  const wait = Math.ceil(Number.isNaN(seconds) ? (Date.parse(header) - sentAtMs) / 1000 : seconds);
  return wait >= 1 ? Math.min(wait, MAX_RETRY_AFTER_SECONDS) : undefined;
}

/** What has come of it by then: the status says enough without a body that does not come. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  // Not waited for: a source that is silent ends with the call's signal.
  const leave = () => void reader.cancel().catch(() => undefined);
  const deadline = setTimeout(leave, ERROR_BODY_WITHIN_MS);
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (text.length < MAX_ERROR_BODY_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    clearTimeout(deadline);
    leave();
  }
  return text;
}

/**
 * The part of an error response that is the provider's own: servers like to send the request back beside it, in which a shopper
 * may have written any of the words that are looked for.
 */
function ownWords(body: string): string {
  try {
    return wordsOf(JSON.parse(body)).join('\n');
  } catch {
    return body;
  }
}

/**
 * The texts in the fields above, as far as an error response is read at all. Without recursion: an answer may nest as deep as it
 * is long, and copying what was found at each level would take the square of that.
 */
function wordsOf(answer: unknown): string[] {
  const words: string[] = [];
  const open: unknown[] = [answer];
  let left = MAX_ERROR_BODY_BYTES;
  for (let looks = 0; open.length > 0 && left > 0 && looks < MAX_LOOKS; looks += 1) {
    const value = open.pop();
    if (typeof value === 'string') {
      words.push(value.slice(0, left));
      left -= value.length;
    } else if (Array.isArray(value)) {
      open.push(...value.slice(0, MAX_LOOKS));
    } else if (typeof value === 'object' && value !== null) {
      for (const [field, inner] of Object.entries(value)) if (OWN_FIELDS.has(field)) open.push(inner);
    }
  }
  return words;
}

/** As Node and undici write them; anything else might be somebody's text. */
const SYSTEM_CODE = /^(E[A-Z0-9]{2,20}|ERR_[A-Z0-9_]{2,40}|(UND_ERR|HPE)_[A-Z_]{2,40})$/;

function systemCode(error: unknown): string | undefined {
  for (const link of causes(error)) {
    if ('code' in link && typeof link.code === 'string' && SYSTEM_CODE.test(link.code)) {
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
