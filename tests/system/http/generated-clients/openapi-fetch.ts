import createClient from 'openapi-fetch';
import type { components, paths } from './schema';

/** What somebody writes who calls the service by openapi-typescript's types: `node openapi-fetch.js <url>`. */
async function drive(baseUrl: string): Promise<object> {
  const open = createClient<paths>({ baseUrl });
  const account = await open.POST('/auth/signup', {
    body: { email: 'fetch@example.com', password: 'a long and quiet river', storeName: 'Paint & Sons' },
  });
  if (account.data === undefined) throw new Error(account.error.detail);

  const client = createClient<paths>({ baseUrl, headers: { 'x-api-key': account.data.apiKey } });
  const character = await client.POST('/api/characters', {
    body: { name: 'Ada', instructions: 'You sell paint.', ttlSeconds: 60 },
  });
  if (character.data === undefined) throw new Error(character.error.detail);
  const characterId: string = character.data.id;

  const turn = await client.POST('/api/chat', { body: { characterId, message: 'Hello' } });
  if (turn.data === undefined) throw new Error(turn.error.detail);
  // The type has both media types of this answer.
  if (typeof turn.data === 'string') throw new Error('a stream that nobody asked for');
  const { reply, usage }: components['schemas']['Turn'] = turn.data;

  const streamed = await client.POST('/api/chat', {
    body: { characterId, message: 'Hello', stream: true },
    parseAs: 'text',
  });
  if (typeof streamed.data !== 'string') throw new Error('the stream was refused');

  const missing = await client.GET('/api/characters/{uuid}', {
    params: { path: { uuid: '00000000-0000-4000-8000-000000000000' } },
  });
  const code: components['schemas']['ErrorCode'] | undefined = missing.error?.code;
  // @ts-expect-error a code that the service does not have
  if (code === 'no_such_code') throw new Error('codes are not typed');

  return {
    email: account.data.client.email,
    reply: reply.content,
    totalTokens: usage.totalTokens,
    events: [...streamed.data.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name),
    code,
  };
}

void drive(process.argv[2] ?? '').then((seen) => process.stdout.write(JSON.stringify(seen)));
