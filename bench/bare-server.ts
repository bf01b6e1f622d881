/** Row 1, the floor: `node:http` in, undici out, JSON on both sides and nothing else. */
import { createServer, type ServerResponse } from 'node:http';
import { Agent, request } from 'undici';
import { announce } from './announce.js';
import { HISTORY_TURNS, INSTRUCTIONS, MESSAGE, REPLY } from './prompt-texts.js';

const url = `${process.env['UPSTREAM_URL']}/v1/chat/completions`;
const dispatcher = new Agent();

const history = Array.from({ length: HISTORY_TURNS }, () => [
  { role: 'user', content: MESSAGE },
  { role: 'assistant', content: REPLY },
]).flat();

async function answer(body: string, response: ServerResponse): Promise<void> {
  const { model, message, stream } = JSON.parse(body);
  const upstream = await request(url, {
    dispatcher,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body: JSON.stringify({
      model,
      messages: [{ role: 'system', content: INSTRUCTIONS }, ...history, { role: 'user', content: message }],
      ...(stream === true ? { stream, stream_options: { include_usage: true } } : {}),
    }),
  });
  if (stream === true) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for await (const chunk of upstream.body) response.write(chunk);
    response.end();
    return;
  }
  const completion = JSON.parse(await upstream.body.text());
  const reply = JSON.stringify({ reply: completion.choices[0].message.content });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(reply);
}

announce(
  createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      answer(Buffer.concat(chunks).toString(), response).catch(() => response.destroy());
    });
  }),
);
