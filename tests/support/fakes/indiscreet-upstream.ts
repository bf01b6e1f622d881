import {
  type Behaviour,
  complete,
  half,
  halfAValue,
  hang,
  hangAfterHeaders,
  json,
  type ReceivedRequest,
  raw,
  refuse,
  resetAfter,
} from './fake-openai.js';

function everything({ headers, rawBody }: ReceivedRequest): string {
  return `${JSON.stringify(headers)} ${rawBody}`;
}

function quoting(make: (text: string) => Behaviour): Behaviour {
  return (request, response) => make(everything(request))(request, response);
}

/** Ways to succeed and to fail that repeat the key, the instructions and the message wherever they can. */
export const INDISCRETIONS: Readonly<Record<string, Behaviour>> = {
  success: quoting((content) => complete({ content })),
  'cut by the cap': quoting((content) => complete({ content, finishReason: 'length' })),
  'filtered afterwards': quoting((content) => complete({ content, finishReason: 'content_filter' })),
  'an odd reason': (request, response) => complete({ finishReason: everything(request) })(request, response),
  ...Object.fromEntries(
    [400, 401, 403, 404, 408, 413, 422, 429, 500, 503, 529].map((status) => [
      `a ${status} that quotes`,
      quoting((message) => refuse(status, { message, code: message })),
    ]),
  ),
  'a context that is too long': quoting((text) =>
    refuse(400, { code: 'context_length_exceeded', message: `maximum context length: ${text}` }),
  ),
  'a filtered prompt': quoting((text) => refuse(400, { code: 'content_filter', message: text })),
  'a quota that is used up': quoting((text) => refuse(429, { code: 'insufficient_quota', message: text })),
  'headers that quote': (request, response) => {
    const key = request.headers.authorization ?? '';
    return refuse(
      429,
      { message: key },
      { 'retry-after': key, 'x-request-id': key, 'www-authenticate': key },
    )(request, response);
  },
  'a redirect': (request, response) =>
    raw(307, '', {
      location: `http://127.0.0.1:9/?${encodeURIComponent(request.headers.authorization ?? '')}`,
    })(request, response),
  'a 500 page': quoting((text) => raw(500, `<html>${text}</html>`, { 'content-type': 'text/html' })),
  'a 200 page': quoting((text) => raw(200, `<html>${text}</html>`, { 'content-type': 'text/html' })),
  'a 200 that is no JSON': quoting((text) => raw(200, text, { 'content-type': 'application/json' })),
  'an event that is no JSON': quoting((text) =>
    raw(200, `data: ${text}\n\n`, { 'content-type': 'text/event-stream' }),
  ),
  'an event that is an error': quoting((message) =>
    raw(200, `data: ${JSON.stringify({ error: { message } })}\n\n`, { 'content-type': 'text/event-stream' }),
  ),
  'no choices': quoting((text) => json(200, { choices: [], error: text })),
  'a refusal of the model': quoting((refusal) => complete({ content: null, message: { refusal } })),
  'a call of a tool': quoting((text) =>
    complete({
      content: null,
      message: { tool_calls: [{ id: '1', type: 'function', function: { name: text, arguments: text } }] },
    }),
  ),
  'a reset at once': resetAfter(0),
  'a reset midway': quoting((content) => half('reset', { content })),
  'an end midway': quoting((content) => half('end', { content })),
  'an end within a value': quoting((content) => halfAValue('end', { content })),
  silence: hang(),
  'silence after the headers': hangAfterHeaders(),
  'silence midway': quoting((content) => half('hang', { content })),
};
