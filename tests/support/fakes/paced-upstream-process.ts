/**
 * Forked: an upstream in a process of its own. Every streamed answer begins at once, with the message that it was asked;
 * up to a given piece, it goes on piece by piece, all of them at the same pace.
 */
import type { ServerResponse } from 'node:http';
import { FakeOpenAi, streamEvents } from './fake-openai.js';
import { PIECE, PIECES, type UpstreamOrder, type UpstreamReport } from './paced-upstream.js';

const PACE_MS = 20;
/** The reason why it ended, and `[DONE]`. */
const LAST_EVENTS = 2;

interface Answer {
  readonly response: ServerResponse;
  readonly events: string[];
}

const answers = new Set<Answer>();
const report: UpstreamReport = { answered: 0, brokenOff: 0 };
/** What an answer keeps back until it is released, in pieces. */
let keptBack = PIECES;

const upstream = await FakeOpenAi.start();
upstream.behaviour = (request, response) => {
  const tag = request.body.messages?.at(-1)?.content ?? '';
  const events = streamEvents(request.body, { pieces: [tag, ...Array<string>(PIECES).fill(PIECE)] });
  const answer = { response, events };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(events.splice(0, 2).join(''));
  response.once('close', () => {
    answers.delete(answer);
    if (response.writableFinished) report.answered += 1;
    else report.brokenOff += 1;
  });
  answers.add(answer);
};

function pace(): void {
  for (const { response, events } of answers) {
    if (events.length === 0 || (keptBack > 0 && events.length <= keptBack + LAST_EVENTS)) continue;
    response.write(events.shift());
    if (events.length === 0) response.end();
  }
}
setInterval(pace, PACE_MS);

process.on('message', (order: UpstreamOrder) => {
  if (order === 'report') process.send?.({ report });
  else keptBack = order.keepBack;
});
process.on('disconnect', () => process.exit(0));
process.send?.({ baseUrl: upstream.baseUrl });
