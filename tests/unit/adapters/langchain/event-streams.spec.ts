import { expect } from 'chai';
import fc from 'fast-check';
import { chunksOfEvents } from '#src/adapters/langchain/transport/bounded-body.js';
import { jsonEvents } from '#src/adapters/langchain/transport/json-events.js';
import { PIECES_PER_SLICE } from '#src/application/async/fair-slices.js';
import { loopRoundsDuring } from '#tests/support/assertions/loop-rounds.js';

const SEED = 20_261_128;

/** Events with any data, in lines that end in any way, whole or broken off. */
const stream = fc
  .array(
    fc.tuple(
      fc.constantFrom('data: {"a":1}', 'data:é', 'event: x', ': comment', 'id: 7', 'data'),
      fc.constantFrom('\n', '\r', '\r\n'),
      fc.constantFrom('', '\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n'),
    ),
    { maxLength: 12 },
  )
  .map((lines) => lines.flat().join(''));

async function* inPieces(text: string, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
const events = (text: string, pieces: readonly number[]) => all(jsonEvents(inPieces(text, pieces)));
const check = (property: (text: string, pieces: number[]) => Promise<void>) =>
  fc.assert(fc.asyncProperty(stream, sizes, property), { seed: SEED, numRuns: 500 });

describe('an event stream of a provider', () => {
  it('is the same events however its lines end and in whatever pieces it comes', () =>
    check(async (text, pieces) => {
      const plain = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
      expect(await events(text, pieces)).to.deep.equal(await events(plain, [1_000_000]));
    }));

  it('is handed to clients event by event, and loses nothing on the way', () =>
    check(async (text, pieces) => {
      const chunks = await all(chunksOfEvents(inPieces(text, pieces)));
      for (const chunk of chunks.slice(0, -1)) {
        expect(chunk.toString()).to.match(/^\n?(?:[^\r\n]+(?:\r\n|\r|\n))+(?:\r\n|\r|\n)$/);
      }
      const whole = Buffer.concat(chunks).toString();
      expect(await events(whole, [1_000_000])).to.deep.equal(await events(text, [1_000_000]));
    }));

  it('lets others have their turn again and again while it is read, also where all of it is there already', async () => {
    const slices = 20;
    const text = 'data: {}\n\n'.repeat(slices * PIECES_PER_SLICE);
    const source = () => inPieces(text, [text.length]);
    expect(await loopRoundsDuring(() => all(jsonEvents(source())))).to.be.at.least(slices);
    expect(await loopRoundsDuring(() => all(chunksOfEvents(source())))).to.be.at.least(slices);
  });

  it('hands an event on as soon as its blank line has come', async () => {
    for (const end of ['\n\n', '\r\r', '\r\n\r']) {
      let asked = 0;
      async function* source(): AsyncGenerator<Buffer> {
        for (const part of ['data: {', `}${end}`, 'never']) {
          asked += 1;
          yield Buffer.from(part);
        }
      }
      const { value } = await chunksOfEvents(source()).next();
      expect(String(value)).to.equal(`data: {}${end}`);
      expect(asked).to.equal(2);
    }
  });

  it('ends with its last event, also in the middle of a connection that stays open', async () => {
    for (const last of ['\ndata: [DONE]', '\ndata:[DONE]', '\r\ndata: [DONE]\r\n']) {
      const text = `data: 1\n${last}`;
      for (const pieces of [[1], [3], [100]]) {
        async function* open(): AsyncGenerator<Buffer> {
          yield* inPieces(text, pieces);
          throw new Error('it was read on');
        }
        const ending = all(chunksOfEvents(open())).then(
          (chunks) => Buffer.concat(chunks).toString().trim(),
          (error: Error) => error.message,
        );
        expect(await ending).to.equal(text.trimEnd().replace('\n\r\n', '\n\r\n'));
      }
    }
  });
});
