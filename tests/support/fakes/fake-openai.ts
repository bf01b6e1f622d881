import { EventEmitter, once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { FakeServer, type WholeRequest } from './fake-server.js';

export interface ReceivedRequest {
  /** 0 for the first one that this server received. */
  readonly index: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Exactly as it came. */
  readonly rawBody: string;
  readonly body: ChatRequestBody;
  /** Resolves when its answer was sent whole, or its socket closed before that. */
  readonly over: Promise<void>;
}

export interface ChatRequestBody {
  readonly model?: string;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
  readonly [name: string]: unknown;
}

/** What the server does with one request. It may answer, break off, or do nothing at all. */
export type Behaviour = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>;

/**
 * An HTTP server that speaks `POST /v1/chat/completions` as OpenAI and Mistral do, plain and streamed,
 * and misbehaves on request.
 */
export class FakeOpenAi extends FakeServer {
  readonly requests: ReceivedRequest[] = [];
  /** For every request from now on. */
  behaviour: Behaviour = complete();
  readonly #events = new EventEmitter();

  static start(): Promise<FakeOpenAi> {
    return new FakeOpenAi().listen();
  }

  /** As an operator would write it into MODEL_BASE_URL. */
  get baseUrl(): string {
    return `${this.origin}/v1`;
  }

  /** The next request, once its body is whole. */
  async nextRequest(): Promise<ReceivedRequest> {
    const [request]: ReceivedRequest[] = await once(this.#events, 'request');
    if (request === undefined) throw new Error('an event without its request');
    return request;
  }

  /** Resolves when no request is under way. Sockets may stay open, idle. */
  async idle(): Promise<void> {
    await Promise.all(this.requests.map(({ over }) => over));
  }

  protected receive({ body, ...request }: WholeRequest, response: ServerResponse): void | Promise<void> {
    const rawBody = body.toString('utf8');
    const received: ReceivedRequest = {
      ...request,
      index: this.requests.length,
      rawBody,
      body: parse(rawBody),
      over: new Promise((resolve) => response.once('close', resolve)),
    };
    this.requests.push(received);
    this.#events.emit('request', received);
    return this.behaviour(received, response);
  }
}

export interface Answer {
  /** Default "Good day."; null: no text at all. */
  readonly content?: unknown;
  /** Default `stop`; null as some servers send it. */
  readonly finishReason?: string | null;
  /** Default 12 and 3; null: the answer has none. */
  readonly usage?: object | null;
  /** More fields of the message. */
  readonly message?: object;
  /** Pieces of a streamed answer; default: the content word by word. */
  readonly pieces?: readonly string[];
}

/** Answers as asked for: one JSON object, or its stream of events. */
export function complete(answer: Answer = {}): Behaviour {
  return (request, response) => {
    if (request.body.stream === true) {
      beginAnswer(request, response);
      for (const event of streamEvents(request.body, answer)) response.write(event);
      response.end();
      return undefined;
    }
    return json(200, completionBody(request.body, answer))(request, response);
  };
}

/** The body of a plain answer. */
export function completionBody(request: ChatRequestBody, answer: Answer = {}): object {
  const { content = 'Good day.', finishReason = 'stop', usage = USAGE, message } = answer;
  return {
    ...envelope('chat.completion', request),
    choices: [{ index: 0, message: { role: 'assistant', content, ...message }, finish_reason: finishReason }],
    ...(usage === null ? {} : { usage }),
  };
}

/** The events of a streamed answer, `[DONE]` included, for behaviours that cut, delay or split them. */
export function streamEvents(request: ChatRequestBody, answer: Answer = {}): string[] {
  const { content = 'Good day.', finishReason = 'stop', usage = USAGE } = answer;
  const pieces = answer.pieces ?? String(content).match(/\s*\S+/g) ?? [];
  const chunk = (delta: object, reason: string | null, extra: object = {}) =>
    `data: ${JSON.stringify({
      ...envelope('chat.completion.chunk', request),
      choices: [{ index: 0, delta, finish_reason: reason }],
      ...extra,
    })}\n\n`;
  return [
    chunk({ role: 'assistant', content: '' }, null),
    ...pieces.map((piece) => chunk({ content: piece }, null)),
    chunk({ content: '' }, finishReason, usage === null ? {} : { usage }),
    'data: [DONE]\n\n',
  ];
}

/** Any JSON body with any status. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Behaviour {
  return raw(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
}

/** Any body at all. */
export function raw(status: number, body: string, headers: Record<string, string> = {}): Behaviour {
  return (_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** An error as OpenAI and Mistral put it, and with what they tend to say too much. */
export function refuse(
  status: number,
  error: { code?: string; message?: string } = {},
  headers?: Record<string, string>,
): Behaviour {
  const { code = null, message = 'No.' } = error;
  return json(status, { error: { message, type: 'error', param: null, code } }, headers);
}

/** Reads the request and says nothing. */
export function hang(): Behaviour {
  return () => undefined;
}

/** Sends headers, and the beginning of a body that says nothing yet, and then nothing. */
export function hangAfterHeaders(): Behaviour {
  return (request, response) => {
    beginAnswer(request, response);
    response.write(request.body.stream === true ? ': hm\n\n' : '{"id":');
  };
}

/** What follows on a beginning: silence, a broken connection, or an end as if it were whole. */
export type Sequel = 'hang' | 'reset' | 'end';

/** Half of a plain answer, or the first piece of a streamed one, and then something else. */
export function half(sequel: Sequel, answer?: Answer): Behaviour {
  return (request, response) => {
    beginAnswer(request, response);
    const plain = JSON.stringify(completionBody(request.body, answer));
    const text =
      request.body.stream === true
        ? streamEvents(request.body, answer).slice(0, 2).join('')
        : plain.slice(0, plain.length / 2);
    response.write(text, () => follow(sequel, response));
  };
}

/** An answer that breaks off within its first value, before any text. */
export function halfAValue(sequel: Sequel, answer?: Answer): Behaviour {
  return (request, response) => {
    beginAnswer(request, response);
    const text =
      request.body.stream === true
        ? streamEvents(request.body, answer)[0]
        : JSON.stringify(completionBody(request.body, answer));
    response.write(text?.slice(0, 40), () => follow(sequel, response));
  };
}

/** An answer in small pieces: a streamed one event by event, a plain one cut into as many. */
export function drip(everyMs: number, answer: Answer = {}): Behaviour {
  return (request, response) => {
    beginAnswer(request, response);
    const events = streamEvents(request.body, answer);
    const pieces =
      request.body.stream === true
        ? events
        : cut(JSON.stringify(completionBody(request.body, answer)), events.length);
    const timer = setInterval(() => {
      const piece = pieces.shift();
      if (piece === undefined) response.end();
      else response.write(piece);
    }, everyMs);
    response.once('close', () => clearInterval(timer));
  };
}

/** The status and headers of whatever was asked for. */
export function beginAnswer(request: ReceivedRequest, response: ServerResponse): void {
  const isStream = request.body.stream === true;
  response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' });
  response.flushHeaders();
}

function follow(sequel: Sequel, response: ServerResponse): void {
  if (sequel === 'reset') response.socket?.resetAndDestroy();
  if (sequel === 'end') response.end();
}

function cut(text: string, count: number): string[] {
  const size = Math.ceil(text.length / count);
  return Array.from({ length: count }, (_, i) => text.slice(i * size, (i + 1) * size));
}

/** Breaks the connection off after this much of a plain answer; 0: before the headers. */
export function resetAfter(bytes: number, answer?: Answer): Behaviour {
  return (request, response) => {
    const { socket } = response;
    if (bytes === 0) {
      socket?.resetAndDestroy();
      return;
    }
    const body = JSON.stringify(completionBody(request.body, answer));
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.write(body.slice(0, bytes), () => socket?.resetAndDestroy());
  };
}

/** One behaviour for each request in order; the last one for all that follow. */
export function inTurn(...behaviours: readonly Behaviour[]): Behaviour {
  let next = 0;
  return (request, response) => {
    const behaviour = behaviours[Math.min(next, behaviours.length - 1)];
    next += 1;
    return behaviour?.(request, response);
  };
}

const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };

function envelope(object: string, request: ChatRequestBody): object {
  return { id: 'chatcmpl-1', object, created: 1_767_225_600, model: request.model ?? 'unknown' };
}

function parse(text: string): ChatRequestBody {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
