import { EventEmitter, once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { FakeServer, type WholeRequest } from './fake-server.js';

/** A run as LangSmith would keep it: its parts put together. */
export interface ReceivedRun {
  readonly id: string;
  readonly [field: string]: unknown;
}

export interface ReceivedIngest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawBody: string;
  readonly runs: readonly ReceivedRun[];
}

export type IngestBehaviour = (response: ServerResponse) => void;

/** Takes runs as LangSmith does: `GET /info`, `POST /runs/multipart` and `POST /runs/batch`. Anything else is 404. */
export class FakeLangSmith extends FakeServer {
  readonly requests: ReceivedIngest[] = [];
  /** For every ingest from now on. */
  behaviour: IngestBehaviour = accept();
  readonly #events = new EventEmitter();

  static start(): Promise<FakeLangSmith> {
    return new FakeLangSmith().listen();
  }

  /** As an operator would write it into TRACING_ENDPOINT. */
  get endpoint(): string {
    return this.origin;
  }

  get runs(): ReceivedRun[] {
    return this.requests.flatMap(({ runs }) => runs);
  }

  /** Resolves once this many requests have come whole. */
  async received(requests: number): Promise<void> {
    while (this.requests.length < requests) await once(this.#events, 'request');
  }

  /** Resolves once this many runs have come, whatever was answered. */
  async traced(runs: number): Promise<ReceivedRun[]> {
    while (this.runs.length < runs) await once(this.#events, 'request');
    return this.runs;
  }

  protected async receive(
    { method, path, headers, body }: WholeRequest,
    response: ServerResponse,
  ): Promise<void> {
    const route = `${method} ${path}`;
    const isIngest = route === 'POST /runs/multipart' || route === 'POST /runs/batch';
    const runs = isIngest ? await readRuns(path, headers, body) : [];
    this.requests.push({ method, path, headers, rawBody: body.toString('utf8'), runs });
    this.#events.emit('request');
    if (isIngest) this.behaviour(response);
    else if (route === 'GET /info') respond(response, 200, INFO);
    else respond(response, 404, {});
  }
}

export function accept(): IngestBehaviour {
  return (response) => respond(response, 202, { message: 'Runs batch ingested' });
}

/** An error that quotes more than it should. */
export function refuseRuns(status: number, text = 'no'): IngestBehaviour {
  return (response) => respond(response, status, { detail: text });
}

/** Reads everything and says nothing. */
export function ignoreRuns(): IngestBehaviour {
  return () => undefined;
}

const INFO = {
  version: '0.18.0',
  instance_flags: { gzip_body_enabled: true, zstd_compression_enabled: true },
  batch_ingest_config: { use_multipart_endpoint: true, size_limit: 100, size_limit_bytes: 20_971_520 },
};

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function readRuns(path: string, headers: IncomingHttpHeaders, body: Buffer): Promise<ReceivedRun[]> {
  if (path === '/runs/batch') return JSON.parse(body.toString('utf8')).post;
  const type = headers['content-type'] ?? '';
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  const runs = new Map<string, Record<string, unknown>>();
  for (const [name, value] of form) {
    const [method, id = '', field] = name.split('.');
    if (method !== 'post' || typeof value !== 'string') throw new Error(`an unexpected part: ${name}`);
    const run = runs.get(id) ?? {};
    runs.set(id, run);
    if (field === undefined) Object.assign(run, JSON.parse(value));
    else run[field] = JSON.parse(value);
  }
  return [...runs].map(([id, run]) => ({ ...run, id }));
}
