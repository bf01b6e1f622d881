import { Agent, request } from 'undici';
import type { FinishedCall } from './finished-call.js';
import { RunWriter } from './run-writer.js';
import { toRun } from './to-run.js';
import { TraceFailure } from './trace-failure.js';
import type { TraceSink } from './trace-queue.js';

/** Where LangSmith takes traces. */
export interface LangSmithAddress {
  readonly apiKey: string;
  /** As in `https://api.smith.langchain.com`. */
  readonly endpoint: string;
  readonly project: string;
}

const CONNECT_TIMEOUT_MS = 5000;
const KEEP_ALIVE_MS = 30_000;
/** An answer is not read, only emptied so that its connection can be used again. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * The only way to LangSmith: a connection pool of its own, on which no proxy of the environment has a say, and our
 * headers alone. Loads `langsmith` with this module.
 */
export class LangSmithConnection implements TraceSink {
  readonly #address: LangSmithAddress;
  readonly #writer = new RunWriter();
  readonly #agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: true },
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  constructor(address: LangSmithAddress) {
    this.#address = address;
  }

  async send(calls: readonly FinishedCall[], signal: AbortSignal): Promise<void> {
    const { apiKey, endpoint, project } = this.#address;
    const body = await this.#writer.write(calls.map((call) => toRun(call, project)));
    const answer = await request(`${endpoint.replace(/\/+$/, '')}/runs/batch`, {
      dispatcher: this.#agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': apiKey, 'user-agent': 'fastwrap' },
      body,
      signal,
    });
    const { statusCode: status } = answer;
    await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal });
    if (status < 200 || status > 299) throw new TraceFailure({ status, code: null });
  }

  /** Cuts what is still under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
