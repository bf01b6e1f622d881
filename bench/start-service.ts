import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { Child, type ChildOptions } from './child.js';
import { HISTORY_TURNS, INSTRUCTIONS, MESSAGE } from './prompt-texts.js';
import type { BenchModel, Target } from './target.js';

/** Turns that begin with 0, 1, … 20 turns of history: ten on average. */
const TURNS_PER_CONVERSATION = 2 * HISTORY_TURNS + 1;
const START_WITHIN_MS = 15_000;
const MAIN = join(import.meta.dirname, '../src/infrastructure/main.js');

export interface ServiceOptions extends Pick<ChildOptions, 'core' | 'directory'> {
  readonly upstreamUrl: string;
  /** For node itself. */
  readonly flags?: readonly string[];
  /** What an operator would set besides. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The built service as an operator runs it, with one client and one character for each model. */
export async function startService(name: string, options: ServiceOptions): Promise<Target> {
  const { core, directory, upstreamUrl, flags = [], settings = {} } = options;
  const file = name.replaceAll(/\W+/g, '-');
  const log = join(directory, `${file}.log`);
  const child = new Child([...flags, MAIN], {
    core,
    directory,
    output: openSync(log, 'w'),
    environment: {
      PORT: '0',
      FASTWRAP_API_KEY: 'bench-operator-key',
      MODEL: 'fast',
      MODEL_ALLOWED: 'paced',
      MODEL_KEY: 'bench',
      MODEL_CHECK: 'false',
      MODEL_PROVIDER: 'openai-compatible',
      MODEL_BASE_URL: `${upstreamUrl}/v1`,
      DATABASE_URL: `sqlite:${file}.db`,
      LOG_LEVEL: 'info',
      LIMIT_IP_PER_MINUTE: '0',
      LIMIT_CHAT_PER_MINUTE: '0',
      LIMIT_CONCURRENT_TURNS: '0',
      LIMIT_CONNECTIONS_PER_ADDRESS: '0',
      ...settings,
    },
  });
  const url = await readUrl(log, child);
  const account = { email: 'bench@example.com', password: 'a long and quiet river' };
  const { apiKey } = await post(`${url}/auth/signup`, account);
  const headers = { 'content-type': 'application/json', 'x-api-key': apiKey };
  const createCharacter = async (model: BenchModel): Promise<string> =>
    (await post(`${url}/api/characters`, { name: 'Ada', instructions: INSTRUCTIONS, model }, headers)).id;
  const characters = { fast: await createCharacter('fast'), paced: await createCharacter('paced') };

  const turns = new Map<string, number>();
  return {
    name,
    url,
    process: child,
    turn(lane, model, stream) {
      const key = `${model}-${lane}`;
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      const conversationId = `${key}-${Math.floor(turn / TURNS_PER_CONVERSATION)}`;
      return {
        path: '/api/chat',
        headers,
        body: JSON.stringify({ characterId: characters[model], conversationId, message: MESSAGE, stream }),
      };
    },
  };
}

/** From its start message, because it chose its port itself. */
async function readUrl(log: string, child: Child): Promise<string> {
  for (let waitedMs = 0; waitedMs < START_WITHIN_MS && !child.hasEnded; waitedMs += 50) {
    const [, url] = /"url":"([^"]+)"/.exec(readFileSync(log, 'utf8')) ?? [];
    if (url !== undefined) return url;
    await delay(50);
  }
  throw new Error('the service did not start');
}

async function post(url: string, body: object, headers: Record<string, string> = {}) {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 201) throw new Error(`${url} answered ${answer.statusCode}: ${text}`);
  return JSON.parse(text);
}
