/**
 * A model provider that costs next to nothing: canned chat completions of a realistic size, plain and streamed.
 * The model `fast` answers at once; `paced` takes its time as a real one does. GET / tells what was asked of it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay, setImmediate as nextTick } from 'node:timers/promises';
import { announce } from './announce.js';
import { firstTokenMark } from './first-token-mark.js';
import { REPLY, REPLY_PIECES } from './prompt-texts.js';

const FIRST_TOKEN_MS = 50;
const BETWEEN_TOKENS_MS = 10;

/** As many as api.openai.com sends: clients have to take them in. */
const HEADERS = {
  'access-control-expose-headers': 'X-Request-ID',
  'alt-svc': 'h3=":443"; ma=86400',
  'cf-cache-status': 'DYNAMIC',
  'cf-ray': '8f1c2d3e4f5a6b7c-FRA',
  'openai-organization': 'bench',
  'openai-processing-ms': '12',
  'openai-version': '2020-10-01',
  server: 'cloudflare',
  'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
  'x-content-type-options': 'nosniff',
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-limit-tokens': '2000000',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-remaining-tokens': '1999000',
  'x-ratelimit-reset-requests': '6ms',
  'x-ratelimit-reset-tokens': '30ms',
  'x-request-id': 'req_0123456789abcdef0123456789abcdef',
};

const COMMON = {
  id: 'chatcmpl-0123456789abcdefghijklmnopq',
  created: 1_790_000_000,
  model: 'fast-2026-08-01',
  service_tier: 'default',
  system_fingerprint: 'fp_0123456789',
};

const USAGE = {
  prompt_tokens: 1430,
  completion_tokens: 104,
  total_tokens: 1534,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};

const COMPLETION = JSON.stringify({
  ...COMMON,
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: REPLY, refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: USAGE,
});

function event(delta: object, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ ...COMMON, object: 'chat.completion.chunk', choices, usage: null })}\n\n`;
}

const FIRST_EVENT = event({ role: 'assistant', content: '', refusal: null });
const PIECE_EVENTS = REPLY_PIECES.map((content) => event({ content }));
const LAST_EVENTS = [
  event({}, 'stop'),
  `data: ${JSON.stringify({ ...COMMON, object: 'chat.completion.chunk', choices: [], usage: USAGE })}\n\n`,
  'data: [DONE]\n\n',
];

let requests = 0;
let bytes = 0;

function answerPlain(response: ServerResponse): void {
  response.writeHead(200, {
    ...HEADERS,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(COMPLETION),
  });
  response.end(COMPLETION);
}

async function answerStreamed(response: ServerResponse, isPaced: boolean, receivedNs: bigint): Promise<void> {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
  response.write(FIRST_EVENT);
  if (isPaced) {
    await delay(FIRST_TOKEN_MS);
    response.write(event({ content: firstTokenMark(receivedNs, process.hrtime.bigint()) }));
  }
  for (const piece of PIECE_EVENTS) {
    await (isPaced ? delay(BETWEEN_TOKENS_MS) : nextTick());
    response.write(piece);
  }
  response.end(LAST_EVENTS.join(''));
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'GET') {
    response.end(JSON.stringify({ requests, bytes }));
    return;
  }
  const receivedNs = process.hrtime.bigint();
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    requests += 1;
    bytes += body.length;
    if (!body.includes('"stream":true')) answerPlain(response);
    else void answerStreamed(response, body.includes('"model":"paced"'), receivedNs);
  });
}

announce(createServer({ keepAliveTimeout: 60_000 }, answer));
