import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisClient } from '#src/adapters/redis/connection/create-redis-client.js';
import type {
  ConversationCache,
  OpenTurn,
  OpenTurnRequest,
} from '#src/application/ports/chat/conversation-cache.js';
import { type Conversation, toExchange } from '#src/domain/conversations/conversation.js';
import type { CompletedTurn } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { CLIENTS } from './turn-orders.js';

/** What a faulty cache might do now and then; the history checker has to find each of them. */
export const SABOTAGE = {
  unfenced: 'commits after its right has gone to somebody else',
  twice: 'stores a turn twice',
  half: 'stores the question without the reply',
  forgotten: 'acknowledges what it did not store',
  stray: "stores in another client's conversation",
  refused: 'stores, and says conversation_busy',
  rerun: 'does not know a repeated request again',
} as const;

export type SabotageKind = keyof typeof SABOTAGE;

export function isSabotage(kind: string): kind is SabotageKind {
  return Object.hasOwn(SABOTAGE, kind);
}

const ONE_IN = 25;

interface Saboteur {
  readonly cache: ConversationCache;
  readonly redis: RedisClient;
  readonly clientId: string;
  readonly request: OpenTurnRequest;
}

type Commit = (turn: CompletedTurn, ttlSeconds: number) => Promise<Conversation>;

/** The cache with one fault. What the turn holds is given back first where the fault goes behind its back. */
export function sabotaged(
  cache: ConversationCache,
  redis: RedisClient,
  kind: SabotageKind,
): ConversationCache {
  return new Proxy(cache, {
    get(target, name) {
      if (name === 'openTurn') {
        return (clientId: string, request: OpenTurnRequest) =>
          openSabotaged(kind, { cache, redis, clientId, request });
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

async function openSabotaged(
  kind: SabotageKind,
  saboteur: Saboteur,
): ReturnType<ConversationCache['openTurn']> {
  const { cache, clientId, request } = saboteur;
  if (kind === 'rerun') return cache.openTurn(clientId, { ...request, idempotency: null });
  const opened = await cache.openTurn(clientId, request);
  if (opened.kind !== 'open' || Math.random() * ONE_IN > 1) return opened;
  return {
    kind: 'open',
    conversation: opened.conversation,
    lost: opened.lost,
    commit: commitOf(kind, opened, saboteur),
    release: () => opened.release(),
  };
}

function commitOf(
  kind: Exclude<SabotageKind, 'rerun'>,
  opened: OpenTurn,
  saboteur: Saboteur,
): OpenTurn['commit'] {
  const { cache, redis, clientId, request } = saboteur;
  const { conversationId } = request;
  const key = (of: string, client = clientId) => `fw:1:{${client}}:${of}:${conversationId}`;
  const pretend = (turn: CompletedTurn): Conversation => ({
    id: conversationId,
    characterId: request.characterId,
    greeting: opened.conversation?.greeting ?? null,
    turns: (opened.conversation?.turns ?? 0) + 1,
    exchanges: [...(opened.conversation?.exchanges ?? []), toExchange(turn)],
    expiresAt: turn.outcome.completedAt,
  });
  switch (kind) {
    case 'unfenced':
      return async (turn) => {
        const fence = await redis.hget(key('l'), 'f');
        await opened.release();
        await delay(40);
        await redis.rpush(key('x'), JSON.stringify({ ...toExchange(turn), fence }));
        await redis.hincrby(key('c'), 'n', 1);
        return pretend(turn);
      };
    case 'twice':
      return async (turn, ttlSeconds, toAnswer) => {
        const after = await opened.commit(turn, ttlSeconds, toAnswer);
        const again = await cache.openTurn(clientId, { ...request, idempotency: null });
        if (again.kind === 'open') await again.commit({ ...turn, id: randomUUID() }, ttlSeconds, () => '');
        return after;
      };
    case 'half':
      return async (turn, ttlSeconds, toAnswer) =>
        opened.commit(
          { ...turn, outcome: { ...turn.outcome, reply: { ...turn.outcome.reply, content: '' } } },
          ttlSeconds,
          toAnswer,
        );
    case 'forgotten':
      return async (turn) => {
        await opened.release();
        return pretend(turn);
      };
    case 'stray':
      return async (turn, ttlSeconds) => {
        const other = CLIENTS.find((client) => client !== clientId) ?? clientId;
        await opened.release();
        return commitElsewhere(saboteur, other)(turn, ttlSeconds);
      };
    case 'refused':
      return async (turn, ttlSeconds, toAnswer) => {
        await opened.commit(turn, ttlSeconds, toAnswer);
        throw new AppError('conversation_busy');
      };
  }
}

function commitElsewhere({ cache, request }: Saboteur, clientId: string): Commit {
  return async (turn, ttlSeconds) => {
    const opened = await cache.openTurn(clientId, { ...request, idempotency: null });
    if (opened.kind !== 'open') throw new Error('without key and limit every turn is opened');
    return opened.commit(turn, ttlSeconds, () => '');
  };
}
