import type { FinishReason } from '#src/domain/conversations/turn.js';
import type { ErrorCode } from '#src/domain/errors.js';
import {
  type Behaviour,
  beginAnswer,
  complete,
  completionBody,
  drip,
  half,
  halfAValue,
  hang,
  hangAfterHeaders,
  raw,
  refuse,
  resetAfter,
} from '#tests/support/fakes/fake-openai.js';

/** In milliseconds: long enough for the one retry, short enough to wait for. */
export const DEADLINES = { firstToken: 1000, chunk: 300, total: 1500 } as const;

export type Form = 'plain' | 'streamed';

export interface Ending {
  /** How the turn ends: the reason why a whole reply ended, or the code of an error. */
  readonly with: FinishReason | ErrorCode;
  /** Whether a part of the reply has been streamed by then. */
  readonly begun?: boolean;
  /** How often the model is asked. Default 1. */
  readonly asks?: 0 | 1 | 2;
  /** The last deadline that it may take; without one, it takes as long as a retry does. */
  readonly by?: keyof typeof DEADLINES;
  readonly retryAfter?: string;
  /** Whether the turn goes on for long enough to be left in it. Default: where a deadline or a retry ends it. */
  readonly lasts?: boolean;
}

export interface Fault {
  readonly what: string;
  /** Null: nobody listens at all. */
  readonly behaviour: Behaviour | null;
  readonly plain: Ending;
  readonly streamed: Ending;
}

const failed: Ending = { with: 'model_failed' };
const failedTwice: Ending = { with: 'model_failed', asks: 2 };
const unavailableTwice: Ending = { with: 'model_unavailable', asks: 2 };
const rejected: Ending = { with: 'model_rejected' };
const whole: Ending = { with: 'stop', by: 'total' };

function both(what: string, behaviour: Behaviour | null, ending: Ending): Fault {
  return { what, behaviour, plain: ending, streamed: ending };
}

/** The same, except that a part has been streamed already and nothing is tried again. */
function begun(what: string, behaviour: Behaviour, ending: Ending, streamedCode = ending.with): Fault {
  return {
    what,
    behaviour,
    plain: ending,
    streamed: { ...ending, with: streamedCode, begun: true, asks: 1 },
  };
}

const emptyBody: Behaviour = (request, response) => {
  beginAnswer(request, response);
  response.end();
};

const emptyChoices: Behaviour = (request, response) => {
  const body = JSON.stringify({ ...completionBody(request.body), choices: [] });
  beginAnswer(request, response);
  response.end(request.body.stream === true ? `data: ${body}\n\ndata: [DONE]\n\n` : body);
};

const long = Array.from({ length: 300 }, (_, i) => `${i} ${'x'.repeat(1000)}`);
const huge = Array.from({ length: 90 }, () => 'x'.repeat(100_000));
const endless = drip(20, { content: 'word '.repeat(500) });

export const FAULTS: readonly Fault[] = [
  both('nothing at all', complete(), whole),
  both('a dead port', null, { ...unavailableTwice, asks: 0 }),
  {
    ...both('silence before the headers', hang(), { with: 'model_timeout', by: 'firstToken' }),
    plain: { with: 'model_timeout', by: 'total' },
  },
  {
    ...both('silence after the headers', hangAfterHeaders(), { with: 'model_timeout', by: 'firstToken' }),
    plain: { with: 'model_timeout', by: 'total' },
  },
  {
    ...begun('silence in the middle', half('hang'), { with: 'model_timeout', by: 'total' }),
    streamed: { with: 'model_timeout', begun: true, by: 'chunk' },
  },
  both('a reset at byte 0', resetAfter(0), unavailableTwice),
  both('a reset within the first JSON value', halfAValue('reset'), unavailableTwice),
  begun('a reset in the middle', half('reset'), unavailableTwice),
  begun('an end in the middle', half('end'), failed),
  both('an end within the first JSON value', halfAValue('end'), failed),
  both('401', refuse(401), failed),
  both('403', refuse(403), failed),
  both('404', refuse(404), failed),
  both('408', refuse(408), unavailableTwice),
  both('422', refuse(422), failed),
  both('429', refuse(429), unavailableTwice),
  both('429 for 7 s', refuse(429, {}, { 'retry-after': '7' }), {
    with: 'model_unavailable',
    retryAfter: '7',
  }),
  both('429 for a day', refuse(429, {}, { 'retry-after': '86400' }), {
    with: 'model_unavailable',
    retryAfter: '3600',
  }),
  both('429 for a spent quota', refuse(429, { code: 'insufficient_quota' }), failed),
  both('a context too long', refuse(400, { code: 'context_length_exceeded' }), rejected),
  both('a filtered input', refuse(400, { code: 'content_filter' }), rejected),
  both('500', refuse(500), failedTwice),
  both('503', refuse(503), unavailableTwice),
  both('HTML with 200', raw(200, '<html>Hello</html>', { 'content-type': 'text/html' }), failed),
  both('an empty body', emptyBody, failed),
  both('empty choices', emptyChoices, failed),
  both('no text', complete({ content: '', pieces: [] }), failed),
  begun('no finish_reason', complete({ finishReason: null }), failed),
  begun('finish_reason length', complete({ finishReason: 'length' }), { with: 'length' }),
  begun('finish_reason content_filter', complete({ finishReason: 'content_filter' }), rejected),
  both('a long answer', complete({ content: long.join(''), pieces: long }), whole),
  begun('a huge answer', complete({ content: huge.join(''), pieces: huge }), { ...failed, by: 'total' }),
  both('a slow drip', drip(20), { ...whole, lasts: true }),
  begun('a slow drip without end', endless, { with: 'model_timeout', by: 'total' }),
];
