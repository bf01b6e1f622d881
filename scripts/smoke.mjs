/**
 * `node scripts/smoke.mjs BASE_URL`: an account's whole life against a running server, from sign-up to deletion.
 * Prints what it sees and stops at the first surprise. FASTWRAP_API_KEY, if it is set, is sent with the sign-up,
 * which needs it where only the operator may sign clients up.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const START_WITHIN_MS = 15_000;
const ANSWER_WITHIN_MS = 70_000;
const FIRST_MESSAGE = 'My favourite colour is ultramarine, please remember it.';

const base = (process.argv[2] ?? 'http://127.0.0.1:8555').replace(/\/+$/, '');
let apiKey;

function masked(text) {
  return text.replaceAll(/fw_[\w-]+/g, (key) => `${key.slice(0, 6)}…${key.slice(-4)}`);
}

function say(text) {
  process.stdout.write(`${masked(text)}\n`);
}

function expect(holds, what) {
  if (!holds) throw new Error(what);
}

async function call(method, path, { body, headers = {} } = {}) {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

/** One step: calls, prints, and insists on the status and on what every answer carries. */
async function step(title, status, method, path, options) {
  const answer = await call(method, path, options);
  const shown = masked(answer.text);
  say(`${answer.status} ${method} ${path}  ${title}`);
  if (shown !== '') say(`    ${shown.length > 160 ? `${shown.slice(0, 160)}…` : shown}`);
  expect(answer.status === status, `${title}: expected ${status}, got ${answer.status}`);
  expect(answer.headers.get('x-request-id'), `${title}: no x-request-id`);
  expect(
    /\bapp;dur=/.test(answer.headers.get('server-timing') ?? ''),
    `${title}: no app time in Server-Timing`,
  );
  const type = answer.headers.get('content-type') ?? '';
  if (status >= 400) expect(type.startsWith('application/problem+json'), `${title}: not a problem document`);
  if (status === 204) expect(answer.text === '', `${title}: a 204 with a body`);
  return { headers: answer.headers, body: answer.text === '' ? undefined : JSON.parse(answer.text) };
}

async function waitUntilUp() {
  const deadline = Date.now() + START_WITHIN_MS;
  for (;;) {
    const up = await call('GET', '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    );
    if (up) return;
    expect(Date.now() < deadline, `${base} was not ready within ${START_WITHIN_MS / 1000} s`);
    await pause(100);
  }
}

async function chat(characterId, conversationId, message, turns) {
  const { body, headers } = await step(`turn ${turns}`, 200, 'POST', '/api/chat', {
    body: { characterId, message, ...(conversationId === undefined ? {} : { conversationId }) },
  });
  const { conversation, reply } = body;
  expect(conversation.turns === turns, `turn ${turns}: the conversation says it has ${conversation.turns}`);
  expect(conversation.isNew === (turns === 1), `turn ${turns}: isNew is ${conversation.isNew}`);
  expect(conversation.characterId === characterId, `turn ${turns}: another character`);
  expect(
    conversationId === undefined || conversation.id === conversationId,
    `turn ${turns}: another conversation`,
  );
  expect(reply.role === 'assistant' && reply.content.length > 0, `turn ${turns}: no reply`);
  expect(/\bllm;dur=/.test(headers.get('server-timing')), `turn ${turns}: no model time in Server-Timing`);
  say(`    assistant: ${reply.content.slice(0, 240)}`);
  return body;
}

async function threeTurns(characterId) {
  const messages = [FIRST_MESSAGE, 'What do you sell?', 'What did I tell you first?'];
  const first = await chat(characterId, undefined, messages[0], 1);
  const conversationId = first.conversation.id;
  await chat(characterId, conversationId, messages[1], 2);
  const third = await chat(characterId, conversationId, messages[2], 3);
  const isDemo = /demo/i.test(`${third.model} ${third.reply.content}`);
  expect(
    !isDemo || third.reply.content.includes('ultramarine'),
    'turn 3: the first message was not remembered',
  );
  return { conversationId, messages };
}

async function main() {
  say(`smoke test of ${base}`);
  await waitUntilUp();
  const { body: health } = await step('health', 200, 'GET', '/health');
  expect(health.status === 'ok', `health is ${health.status}`);

  const email = `smoke-${randomBytes(8).toString('hex')}@example.com`;
  const serviceKey = process.env.FASTWRAP_API_KEY;
  if (serviceKey === undefined) say('    without FASTWRAP_API_KEY: sign-up has to be open');
  const signUp = await step('sign up', 201, 'POST', '/auth/signup', {
    body: { email, password: randomBytes(18).toString('base64url'), storeName: 'Smoke & Sons' },
    headers: serviceKey === undefined ? {} : { 'x-fastwrap-api-key': serviceKey },
  });
  apiKey = signUp.body.apiKey;
  expect(/^fw_/.test(apiKey), 'sign up: the key has another form');

  const { body: me } = await step('who am I', 200, 'GET', '/api/clients/me');
  expect(me.email === email && me.id === signUp.body.client.id, 'who am I: somebody else');

  const character = await step('make a character', 201, 'POST', '/api/characters', {
    body: { name: 'Ada', instructions: 'You are Ada, who sells paint. Answer in one sentence.' },
  });
  const characterPath = character.headers.get('location') ?? '';
  expect(characterPath.endsWith(`/api/characters/${character.body.id}`), 'make a character: wrong Location');

  const { conversationId, messages } = await threeTurns(character.body.id);
  const conversationPath = `/api/conversations/${conversationId}`;
  const { body: kept } = await step('read the conversation', 200, 'GET', conversationPath);
  const said = kept.messages.filter(({ role }) => role === 'user').map(({ content }) => content);
  expect(kept.messages.length === 6, `read the conversation: ${kept.messages.length} messages`);
  expect(
    JSON.stringify(said) === JSON.stringify(messages),
    'read the conversation: other messages than were sent',
  );

  await step('delete the conversation', 204, 'DELETE', conversationPath);
  const { body: gone } = await step('it is gone', 404, 'GET', conversationPath);
  expect(gone.code === 'conversation_not_found', `it is gone: code ${gone.code}`);

  await step('delete the account', 204, 'DELETE', '/clients/me');
  const { body: refused } = await step('the key is dead', 401, 'GET', '/api/clients/me');
  expect(refused.code === 'unauthenticated', `the key is dead: code ${refused.code}`);
  say('smoke test passed');
}

try {
  await main();
} catch (error) {
  say(`smoke test FAILED: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
  process.exitCode = 1;
}
