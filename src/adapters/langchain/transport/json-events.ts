import { createParser } from 'eventsource-parser';
import { FairSlices } from '#src/application/async/fair-slices.js';
import { LineFeeds } from './line-feeds.js';
import { ProviderFailure } from './provider-failure.js';

/** An event holds a few words. */
const MAX_EVENT_CHARACTERS = 512 * 1024;
/** After it some servers keep the connection open. */
const LAST_EVENT = '[DONE]';

/** The data of each event up to the last. @throws ProviderFailure when an event does not end. */
export async function* jsonEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const lineFeeds = new LineFeeds();
  let arrived: string[] = [];
  let isTooLarge = false;
  const slices = new FairSlices();
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent: ({ data }) => arrived.push(data),
    onError: ({ type }) => {
      isTooLarge ||= type === 'max-buffer-size-exceeded';
    },
  });
  async function* take(): AsyncGenerator<string, boolean> {
    const taken = arrived;
    arrived = [];
    for (const data of taken) {
      await slices.next();
      if (data === LAST_EVENT) return true;
      if (data !== '') yield data;
    }
    return false;
  }
  for await (const chunk of chunks) {
    parser.feed(lineFeeds.of(decoder.decode(chunk, { stream: true })));
    if (yield* take()) return;
    if (isTooLarge) throw new ProviderFailure({ name: 'EventTooLarge' });
  }
  // Some servers leave out the blank line after the last event.
  parser.reset({ consume: true });
  yield* take();
}
