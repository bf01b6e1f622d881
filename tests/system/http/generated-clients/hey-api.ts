import { createClient } from './hey-api-client/client';
import {
  authPostSignUp,
  charactersGetOne,
  charactersPostCharacter,
  chatPostMessage,
} from './hey-api-client/sdk.gen';
import type { ErrorCode, Turn } from './hey-api-client/types.gen';

/** What somebody writes who calls the service by a client of @hey-api/openapi-ts: `node hey-api.js <url>`. */
async function drive(baseUrl: string): Promise<object> {
  const open = createClient({ baseUrl });
  const account = await authPostSignUp({
    client: open,
    body: { email: 'hey@example.com', password: 'a long and quiet river', storeName: 'Paint & Sons' },
  });
  if (account.data === undefined) throw new Error(account.error.detail);

  const { apiKey } = account.data;
  const client = createClient({ baseUrl, auth: () => apiKey });
  const character = await charactersPostCharacter({
    client,
    body: { name: 'Ada', instructions: 'You sell paint.', ttlSeconds: 60 },
  });
  if (character.data === undefined) throw new Error(character.error.detail);
  const characterId: string = character.data.id;

  const turn = await chatPostMessage({ client, body: { characterId, message: 'Hello' } });
  if (turn.data === undefined) throw new Error(turn.error.detail);
  const { reply, usage }: Turn = turn.data;

  const events: (string | undefined)[] = [];
  const { stream } = await client.sse.post({
    url: '/api/chat',
    security: [{ name: 'x-api-key', type: 'apiKey' }],
    headers: { 'content-type': 'application/json' },
    body: { characterId, message: 'Hello', stream: true },
    onSseEvent: ({ event }) => events.push(event),
    sseMaxRetryAttempts: 1,
  });
  for await (const data of stream) if (data === undefined) throw new Error('an event without data');

  const missing = await charactersGetOne({
    client,
    path: { uuid: '00000000-0000-4000-8000-000000000000' },
  });
  const code: ErrorCode | undefined = missing.error?.code;
  // @ts-expect-error a code that the service does not have
  if (code === 'no_such_code') throw new Error('codes are not typed');

  return {
    email: account.data.client.email,
    reply: reply.content,
    totalTokens: usage.totalTokens,
    events,
    code,
  };
}

void drive(process.argv[2] ?? '').then((seen) => process.stdout.write(JSON.stringify(seen)));
