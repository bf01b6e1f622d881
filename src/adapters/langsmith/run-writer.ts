import { Client } from 'langsmith/client';
import type { RunCreate } from 'langsmith/schemas';

const NOWHERE = 'https://langsmith.invalid';
const KEY_PLACEHOLDER = 'kept-elsewhere';

/**
 * LangSmith's own client, which writes requests here and sends none: left to itself it tries again for minutes, prints
 * what servers answer, and asks the environment where to send and what to hide. Everything that it would look up there
 * is given. One batch is written at a time.
 */
export class RunWriter {
  readonly #client: Client;
  #written: Uint8Array | null = null;

  constructor() {
    this.#client = new Client({
      apiUrl: NOWHERE,
      apiKey: KEY_PLACEHOLDER,
      tracingMode: 'langsmith',
      tracingSamplingRate: 1,
      hideInputs: false,
      hideOutputs: false,
      hideMetadata: false,
      omitTracedRuntimeInfo: true,
      manualFlushMode: true,
      disablePromptCache: true,
      debug: false,
      callerOptions: { maxRetries: 0 },
      fetchImplementation: (_input, init) => this.#take(init),
    });
  }

  /** The JSON body that `/runs/batch` takes. The multipart form costs ten times as much to write: 50 ms for 100 runs. */
  async write(runs: RunCreate[]): Promise<Uint8Array> {
    this.#written = null;
    await this.#client.batchIngestRuns({ runCreates: runs });
    const written = this.#written;
    if (written === null) throw new Error('the runs could not be written');
    return written;
  }

  async #take(init: RequestInit | undefined): Promise<Response> {
    this.#written = new Uint8Array(await new Response(init?.body ?? null).arrayBuffer());
    return new Response(null, { status: 202 });
  }
}
