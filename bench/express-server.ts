/**
 * Rows 2 and 3: express and ChatOpenAI as LangChain's documentation shows them; with `--our-transport`, the requests go
 * through ours. No key check, and a conversation that is always the same: nothing is stored.
 */
import { createServer } from 'node:http';
import { AIMessage, type BaseMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import express from 'express';
import { providerFetch } from '#src/adapters/langchain/transport/provider-fetch.js';
import { ProviderTransport } from '#src/adapters/langchain/transport/provider-transport.js';
import { announce } from './announce.js';
import { HISTORY_TURNS, INSTRUCTIONS, MESSAGE, REPLY } from './prompt-texts.js';

const ours = process.argv.includes('--our-transport')
  ? { fetch: providerFetch(new ProviderTransport(), 'bench') }
  : {};
const configuration = { baseURL: `${process.env['UPSTREAM_URL']}/v1`, ...ours };
const fast = new ChatOpenAI({ model: 'fast', apiKey: 'bench', configuration });
const paced = new ChatOpenAI({ model: 'paced', apiKey: 'bench', configuration });

function prompt(message: string): BaseMessage[] {
  const messages: BaseMessage[] = [new SystemMessage(INSTRUCTIONS)];
  for (let turn = 0; turn < HISTORY_TURNS; turn += 1) {
    messages.push(new HumanMessage(MESSAGE), new AIMessage(REPLY));
  }
  messages.push(new HumanMessage(message));
  return messages;
}

const app = express();
app.use(express.json());
app.post('/chat', async (request, response) => {
  const { model, message, stream } = request.body;
  const chat = model === 'paced' ? paced : fast;
  if (stream !== true) {
    const answer = await chat.invoke(prompt(message));
    response.json({ reply: answer.content });
    return;
  }
  response.set('Content-Type', 'text/event-stream');
  for await (const chunk of await chat.stream(prompt(message))) {
    response.write(`data: ${JSON.stringify({ text: chunk.content })}\n\n`);
  }
  response.end();
});

announce(createServer(app));
