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
};

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
    ...(isLimited ? ['RateLimit-Policy', 'RateLimit'] : []),
    ...(mayWait ? ['Retry-After'] : []),
    ...(status === '401' ? ['WWW-Authenticate'] : []),
  ];
}

function references(names) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
