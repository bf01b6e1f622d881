import type { Dispatcher } from 'undici';
import { FairSlices } from '#src/application/async/fair-slices.js';
import { EventSplitter } from './event-splitter.js';
import { ProviderFailure } from './provider-failure.js';

/** What is read, and how long, of a body that nobody reads on, so that its connection can be used again. */
const REST_BYTES = 4096;
const REST_MS = 100;
/** An event holds a few words. */
const MAX_EVENT_BYTES = 1024 * 1024;
/** At the beginning of a line: within an event's JSON no line ends. */
const LAST_EVENTS = ['\ndata: [DONE]', '\ndata:[DONE]'];
const MAX_LAST_EVENT_BYTES = 13;

/** @throws ProviderFailure when there is more. */
export async function* chunksOf(
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new ProviderFailure({ name: 'AnswerTooLarge' });
      yield chunk;
    }
  } finally {
    await readRest(body, bytes);
  }
}

/** The whole body as UTF-8. @throws ProviderFailure when there is more. */
export function wholeText(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) body.destroy(new ProviderFailure({ name: 'AnswerTooLarge' }));
      else chunks.push(chunk);
    });
    body.once('end', () => resolve(new TextDecoder().decode(Buffer.concat(chunks))));
    body.once('error', reject);
  });
}

/**
 * Whole events, one in a chunk, up to the last event, after which some servers keep the connection open. Clients search an
 * unfinished event from its beginning again with every packet, and copy all that is left behind each event.
 * @throws ProviderFailure when an event does not end.
 */
export async function* chunksOfEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const splitter = new EventSplitter();
  const slices = new FairSlices();
  let tail = Buffer.alloc(0);
  for await (const chunk of chunks) {
    for (const event of splitter.split(chunk)) {
      await slices.next();
      yield event;
    }
    if (splitter.unfinishedBytes > MAX_EVENT_BYTES) throw new ProviderFailure({ name: 'EventTooLarge' });
    const seen = Buffer.concat([tail, chunk]);
    tail = seen.subarray(-MAX_LAST_EVENT_BYTES);
    if (LAST_EVENTS.some((lastEvent) => seen.includes(lastEvent))) break;
  }
  yield splitter.rest();
}

/** A client that has seen the last event reads no further, although a few bytes are still to come. */
async function readRest(body: Dispatcher.ResponseData['body'], bytesRead: number): Promise<void> {
  const timer = setTimeout(() => body.destroy(), REST_MS);
  try {
    await body.dump({ limit: bytesRead + REST_BYTES });
  } catch {
    // A body that broke has no rest.
  } finally {
    clearTimeout(timer);
  }
}
