import { createHash } from 'node:crypto';
import {
  type ConcurrencyLimited,
  type OpenTurnRequest,
  REPLAY_TTL_SECONDS,
} from '#src/application/ports/chat/conversation-cache.js';
import { isoTime } from '#src/application/ports/system/clock.js';
import type { Conversation } from '#src/domain/conversations/conversation.js';
import { DeadlineRunner } from '../connection/deadline-runner.js';
import type { RedisConnection } from '../connection/redis-connection.js';
import { redisUnavailable } from '../connection/redis-failure.js';
import { DeadlineScript, type RedisScript } from '../connection/redis-script.js';
import {
  COMMIT_TURN,
  DELETE_CONVERSATIONS,
  FIND_CONVERSATION,
  OPEN_TURN,
  RELEASE_TURN,
  RENEW_TURN,
} from './conversation-scripts.js';
import {
  list,
  readExchange,
  readGreeting,
  text,
  whole,
  writeExchange,
  writeGreeting,
} from './stored-exchange.js';

/** One request for a turn, as the store knows it. */
export interface TurnTicket {
  readonly clientId: string;
  readonly request: OpenTurnRequest;
  /** Unique, for ever. */
  readonly token: string;
}

export type OpenReply =
  | {
      readonly kind: 'open';
      readonly conversation: Conversation | null;
      readonly fence: string;
      /** Milliseconds since the epoch by the clock of Redis. */
      readonly now: number;
    }
  | { readonly kind: 'wait'; readonly place: number }
  | { readonly kind: 'replay'; readonly answer: string }
  | { readonly kind: 'ended'; readonly reason: string }
  | { readonly kind: 'busy' | 'mismatch' | 'in_progress' }
  | ConcurrencyLimited;

export interface TurnCommit {
  readonly turnId: string;
  /** As it stood when the turn was opened. Nobody else has changed it while the right is held. */
  readonly before: Conversation | null;
  /** As it is to be: `before` itself, or that with one exchange more, its last. */
  readonly after: Conversation;
  readonly fence: string;
  readonly answer: string;
  readonly maxReplays: number;
}

export type CommitReply =
  | { readonly kind: 'kept'; readonly next: string | null }
  | { readonly kind: 'lost'; readonly reason: string };

export type Deletion =
  | { readonly what: 'conversation' | 'character'; readonly id: string; readonly reason: string }
  | { readonly what: 'client'; readonly reason: string };

export interface DeletedPart {
  readonly found: boolean;
  /** Where to go on; null: all is deleted. */
  readonly next: string | null;
  /** Of the turns that were ended, open or waiting. */
  readonly tokens: readonly string[];
}

const DELETED_AT_ONCE = 200;
const LOOKED_AT_AT_ONCE = 500;
const HASH_LENGTH = 43;

/** What the scripts do, in the words of the application. Every method is one round trip, and throws AppError `cache_unavailable`. */
export class ConversationStore {
  readonly #connection: RedisConnection;
  readonly #timely: DeadlineRunner;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#timely = new DeadlineRunner(connection);
  }

  open({ clientId, request, token }: TurnTicket, maxWaiting: number): Promise<OpenReply> {
    const { conversationId, characterId, onBusy, idempotency, maxConcurrentTurns } = request;
    const digest = idempotency?.digest ?? '';
    const bounds = [maxWaiting, maxConcurrentTurns ?? ''];
    const args = [token, conversationId, characterId, onBusy, ...bounds, recordOf(request), digest];
    return this.#run(OPEN_TURN, clientId, turnKeys(request), args, (reply) => {
      const [kind, ...rest] = list(reply);
      switch (kind) {
        case 'open': {
          const [fence, now, ...stored] = rest;
          const conversation = stored.length === 0 ? null : readConversation(conversationId, stored);
          return { kind, fence: text(fence), now: whole(now), conversation };
        }
        case 'wait':
          return { kind, place: whole(rest[0]) };
        case 'replay':
          return { kind, answer: text(rest[0]) };
        case 'ended':
          return { kind, reason: text(rest[0]) };
        case 'concurrency_limited':
          return { kind, limit: whole(rest[0]) };
        case 'busy':
        case 'mismatch':
        case 'in_progress':
          return { kind };
        default:
          throw new Error('Redis returned something unexpected');
      }
    });
  }

  /** @returns null while the right is held; else why not, which may be empty. */
  renew({ clientId, request, token }: TurnTicket): Promise<string | null> {
    const args = [token, request.conversationId, recordOf(request)];
    return this.#run(RENEW_TURN, clientId, turnKeys(request), args, (reply) =>
      reply === null ? null : text(reply),
    );
  }

  commit({ clientId, request, token }: TurnTicket, commit: TurnCommit): Promise<CommitReply> {
    const { turnId, before, after, fence, answer, maxReplays } = commit;
    const added = after === before ? undefined : after.exchanges.at(-1);
    const digest = request.idempotency?.digest ?? '';
    const args = [
      ...[token, request.conversationId, turnId, added === undefined ? '' : writeExchange(added, fence)],
      ...[after.turns, Date.parse(after.expiresAt), after.exchanges.length],
      ...[recordOf(request), digest, answer, maxReplays, REPLAY_TTL_SECONDS * 1000],
      writeGreeting(after.greeting),
    ];
    return this.#run(COMMIT_TURN, clientId, turnKeys(request), args, (reply) => {
      const [kind, detail] = list(reply);
      if (kind === 'lost') return { kind, reason: text(detail) };
      return { kind: 'kept', next: detail === undefined || detail === null ? null : text(detail) };
    });
  }

  /** @returns the token that waits next, or null. */
  release({ clientId, request, token }: TurnTicket): Promise<string | null> {
    const { conversationId, characterId } = request;
    const args = [token, conversationId, characterId, recordOf(request)];
    return this.#run(RELEASE_TURN, clientId, turnKeys(request), args, (reply) =>
      reply === null ? null : text(reply),
    );
  }

  find(clientId: string, conversationId: string): Promise<Conversation | null> {
    return this.#run(
      FIND_CONVERSATION,
      clientId,
      conversationKeys(conversationId),
      [conversationId],
      (reply) => (reply === null ? null : readConversation(conversationId, list(reply))),
    );
  }

  /** @param from where it has to go on; empty: at the beginning. */
  delete(clientId: string, deletion: Deletion, from: string): Promise<DeletedPart> {
    const id = deletion.what === 'client' ? '' : deletion.id;
    const bounds = [DELETED_AT_ONCE, LOOKED_AT_AT_ONCE, HASH_LENGTH];
    const args = [deletion.what, id, deletion.reason, from, ...bounds];
    return this.#run(DELETE_CONVERSATIONS, clientId, deletionKeys(deletion), args, (reply) => {
      const [next, found, tokens] = list(reply);
      return {
        next: text(next) === '' ? null : text(next),
        found: found === 1,
        tokens: list(tokens).map(text),
      };
    });
  }

  /** Writes: a Redis that is full, or a replica, answers and is of no use. */
  async check(): Promise<void> {
    await this.#connection.attempt((client) => client.set('fw:1:check', '1', 'PX', 1000));
  }

  /**
   * The scripts go by the prefix alone. The keys are named for a cluster whose slots move: it refuses then what concerns
   * keys here and there, and would else run it where there is no lease yet.
   */
  async #run<T>(
    script: RedisScript,
    clientId: string,
    names: readonly string[],
    args: readonly (string | number)[],
    read: (reply: unknown) => T,
  ): Promise<T> {
    const prefix = keyPrefix(clientId);
    const keys = [prefix, ...['f', 'o', ...names].map((name) => prefix + name)] as const;
    const runner = script instanceof DeadlineScript ? this.#timely : this.#connection;
    const reply = await runner.run(script, keys, args);
    try {
      return read(reply);
    } catch (error) {
      throw redisUnavailable(error);
    }
  }
}

/** Nothing that a client's id may hold can end the hash tag. */
function keyPrefix(clientId: string): string {
  return `fw:1:{${encodeURIComponent(clientId)}}:`;
}

function conversationKeys(id: string): string[] {
  return ['c', 'x', 'l', 'q'].map((kind) => `${kind}:${id}`);
}

function turnKeys(request: OpenTurnRequest): string[] {
  const keys = conversationKeys(request.conversationId);
  return request.idempotency === null ? keys : [...keys, `r:${recordOf(request)}`];
}

function deletionKeys(deletion: Deletion): string[] {
  switch (deletion.what) {
    case 'conversation':
      return ['ri', ...conversationKeys(deletion.id)];
    case 'character':
      return ['ri', 'k', `i:${deletion.id}`];
    case 'client':
      return ['ri', 'k'];
  }
}

function recordOf({ idempotency }: OpenTurnRequest): string {
  return idempotency === null ? '' : createHash('sha256').update(idempotency.key).digest('base64url');
}

/** Frozen, so that a turn can hand out what it still needs. */
function readConversation(
  id: string,
  [characterId, turns, expiresAt, exchanges, greeting]: readonly unknown[],
): Conversation {
  return Object.freeze({
    id,
    characterId: text(characterId),
    greeting: readGreeting(text(greeting)),
    turns: whole(turns),
    exchanges: Object.freeze(list(exchanges).map((json) => readExchange(text(json)))),
    expiresAt: isoTime(whole(expiresAt)),
  });
}
