/** Of every answer. What they are set to stands in src/adapters/http/pipeline, and a test holds these examples against it. */
const SECURITY = {
  'Content-Security-Policy': [
    "default-src 'none';frame-ancestors 'none'",
    'Nothing in an answer is run, loaded or shown in a frame.',
  ],
  'Cross-Origin-Opener-Policy': ['same-origin', 'Pages of other origins keep no hold of it.'],
  'Cross-Origin-Resource-Policy': ['same-origin', 'Pages of other origins embed none of it.'],
  'Origin-Agent-Cluster': ['?1', 'Kept apart from other origins of its site.'],
  'Referrer-Policy': ['no-referrer', 'Nobody is told of its address.'],
  'Strict-Transport-Security': [
    'max-age=31536000',
    'Browsers come by TLS for a year; without effect without it.',
  ],
  'X-Content-Type-Options': ['nosniff', 'Its media type is what `Content-Type` says.'],
  'X-DNS-Prefetch-Control': ['off', 'No name in it is looked up ahead.'],
  'X-Download-Options': ['noopen', 'A download is not opened in its place.'],
  'X-Frame-Options': ['DENY', 'Shown in no frame.'],
  'X-Permitted-Cross-Domain-Policies': ['none', 'No policy file of it is heeded.'],
  'X-XSS-Protection': ['0', 'Filters of old browsers stay off.'],
};

/** Where `CORS_ORIGINS` names the page's origin; `Vary` and the exposed ones wherever it names any. */
const CROSS_ORIGIN = {
  'Access-Control-Allow-Origin': ['https://shop.example.com', 'The page that may read the answer.'],
  'Access-Control-Expose-Headers': [
    'x-request-id,retry-after,ratelimit,ratelimit-policy,server-timing,idempotency-replayed,location',
    'The headers that its scripts may read.',
  ],
  Vary: ['Origin', 'For caches: the answer differs from one origin to another.'],
};

const HEADERS = {
  'x-request-id': {
    description: 'Names this request in the log. Yours, if you sent a valid one.',
    schema: { type: 'string' },
    example: 'e9ea807d-93b5-4531-9fb4-c60794a59495',
  },
  'Server-Timing': {
    description: '`app`: milliseconds spent here; `llm`: milliseconds spent waiting for the model.',
    schema: { type: 'string' },
    example: 'app;dur=3.1, llm;dur=840.2',
  },
  'RateLimit-Policy': {
    description: 'The limits that counted this request: quota and window in seconds.',
    schema: { type: 'string' },
    example: '"chat";q=600;w=60',
  },
  RateLimit: {
    description: 'What remains of these limits, and the seconds until their windows end.',
    schema: { type: 'string' },
    example: '"chat";r=599;t=42',
  },
  'Retry-After': {
    description: 'Seconds to wait before the request is sent again.',
    schema: { type: 'integer', format: 'int32', minimum: 1 },
    example: 1,
  },
  'WWW-Authenticate': {
    description: 'How to present a key.',
    schema: { type: 'string' },
    example: 'Bearer realm="fastwrap"',
  },
  'Cache-Control': {
    description: '`no-store`; of a stream `no-cache, no-transform`.',
    schema: { type: 'string' },
    example: 'no-store',
  },
  'X-Accel-Buffering': {
    description: 'Of a stream: a proxy passes it on as it comes.',
    schema: { type: 'string' },
    example: 'no',
  },
  ...describeTexts(SECURITY),
  ...describeTexts(CROSS_ORIGIN),
};

function describeTexts(texts) {
  const described = Object.entries(texts).map(([name, [example, description]]) => [
    name,
    { description, schema: { type: 'string' }, example },
  ]);
  return Object.fromEntries(described);
}

/** Says of every response which headers may come with it; tsoa says it of those that only one operation sends. */
export function declareHeaders(document) {
  document.components.headers = HEADERS;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const operation of Object.values(methods)) {
      for (const [status, response] of Object.entries(operation.responses))
        response.headers = { ...references(headersOf(path, status, response)), ...response.headers };
    }
  }
}

function headersOf(path, status, { description, content }) {
  const isProblem = content?.['application/problem+json'] !== undefined;
  const isLimited = !/^\/(livez|readyz)$/.test(path);
  const mayWait = isProblem && (/^(429|503)$/.test(status) || description.includes('conversation_busy'));
  return [
    'x-request-id',
    'Server-Timing',
    'Cache-Control',
    ...(content?.['text/event-stream'] === undefined ? [] : ['X-Accel-Buffering']),
    ...(isLimited ? ['RateLimit-Policy', 'RateLimit'] : []),
    ...(mayWait ? ['Retry-After'] : []),
    ...(status === '401' ? ['WWW-Authenticate'] : []),
    ...Object.keys({ ...SECURITY, ...CROSS_ORIGIN }),
  ];
}

function references(names) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
