import { once } from 'node:events';
import { expect } from 'chai';
import type {
  ConversationCache,
  CrowdedOut,
  OpenTurn,
  OpenTurnRequest,
  ReplayedTurn,
} from '#src/application/ports/conversation-cache.js';
import { AppError, type ErrorCode } from '#src/domain/app-error.js';
import type { Conversation, HistoryBounds } from '#src/domain/conversation.js';
import { type CompletedTurn, completeTurn } from '#src/domain/turn.js';

export interface ConversationCacheOptions {
  readonly bounds?: HistoryBounds;
  readonly maxWaiting?: number;
  readonly maxWaitMs?: number;
}

/** One fresh, empty cache and the hands on its surroundings. */
export interface ConversationCacheSubject {
  readonly cache: ConversationCache;
  /** The time that the cache goes by, in milliseconds since the epoch. */
  now(): number;
  /** Moves that time, or really waits. */
  advance(ms: number): Promise<void>;
  /** Takes so much off the time that every kept answer has left, without waiting. */
  ageReplays(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface ConversationCacheHarness {
  readonly name: string;
  create(options: ConversationCacheOptions): Promise<ConversationCacheSubject>;
  /** Stops what the cache stores its conversations in; left out where there is nothing to stop. */
  readonly breakBackend?: (subject: ConversationCacheSubject) => Promise<void>;
}

export const CLIENT = '0190a000-0000-7000-8000-000000000001';
export const OTHER_CLIENT = '0190a000-0000-7000-8000-000000000002';
export const CHARACTER = '0190b000-0000-7000-8000-000000000001';
export const OTHER_CHARACTER = '0190b000-0000-7000-8000-000000000002';
export const CONVERSATION = 'shopper:1.a_b-c';
export const TTL_SECONDS = 60;
const ROOMY: HistoryBounds = { maxMessages: 200, maxTokens: 100_000 };

function request(changes: Partial<OpenTurnRequest> = {}): OpenTurnRequest {
  const signal = new AbortController().signal;
  return {
    conversationId: CONVERSATION,
    characterId: CHARACTER,
    onBusy: 'queue',
    idempotency: null,
    maxConcurrentTurns: null,
    signal,
    ...changes,
  };
}

/** Part of a request: its idempotency key, and what it is recognised by. */
export function keyed(key: string, digest = 'digest'): Pick<OpenTurnRequest, 'idempotency'> {
  return { idempotency: { key, digest } };
}

export function completedTurn(id: string, changes: Partial<CompletedTurn> = {}): CompletedTurn {
  const turn = {
    id,
    conversationId: CONVERSATION,
    characterId: CHARACTER,
    userMessage: `question ${id}`,
    startedAt: '2026-01-01T00:00:00.000Z',
    ...changes,
  };
  const completion = {
    reply: { content: `answer ${id}`, finishReason: 'stop' as const },
    model: 'demo',
    usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false },
  };
  return completeTurn(turn, completion, '2026-01-01T00:00:01.000Z');
}

export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it should have been rejected'),
    (error: unknown) => error,
  );
}

export function expectAppError(error: unknown, code: ErrorCode): void {
  expect(error).to.be.instanceOf(AppError);
  expect(error).to.have.property('code', code);
}

/** For a turn whose request has no idempotency key. */
export function notAsked(): string {
  return expect.fail('nothing should have been kept for a repeated request');
}

export function turnIds(conversation: Conversation | null): string[] {
  return (conversation?.exchanges ?? []).map(({ turnId }) => turnId);
}

/** Resolves with why the right of a turn was lost: another process may have taken it. */
export async function lossOf({ lost }: OpenTurn): Promise<unknown> {
  if (!lost.aborted) await once(lost, 'abort');
  return lost.reason;
}

/** The cache under test, fresh for each test, and the shortest way to say what is done with it. */
export class ConversationCacheBench {
  #subject: ConversationCacheSubject | undefined;

  constructor(readonly harness: ConversationCacheHarness) {}

  get subject(): ConversationCacheSubject {
    return this.#subject ?? expect.fail('start() comes first');
  }

  get cache(): ConversationCache {
    return this.subject.cache;
  }

  async start(options: ConversationCacheOptions = {}): Promise<void> {
    await this.stop();
    this.#subject = await this.harness.create({ bounds: ROOMY, ...options });
  }

  async stop(): Promise<void> {
    await this.#subject?.close();
    this.#subject = undefined;
  }

  find(clientId = CLIENT, conversationId = CONVERSATION): Promise<Conversation | null> {
    return this.cache.find(clientId, conversationId);
  }

  ask(
    changes: Partial<OpenTurnRequest> = {},
    clientId = CLIENT,
  ): Promise<OpenTurn | ReplayedTurn | CrowdedOut> {
    return this.cache.openTurn(clientId, request(changes));
  }

  /** A request whose answer is not expected to be known. */
  async open(changes: Partial<OpenTurnRequest> = {}, clientId = CLIENT): Promise<OpenTurn> {
    const opened = await this.ask(changes, clientId);
    return opened.kind === 'open' ? opened : expect.fail('it should not have been replayed');
  }

  /** A request whose answer is expected to be known. @returns it. */
  async replay(changes: Partial<OpenTurnRequest>, clientId = CLIENT): Promise<string> {
    const opened = await this.ask(changes, clientId);
    return opened.kind === 'replay' ? opened.answer : expect.fail('it should have been replayed');
  }

  async add(id: string, changes: Partial<OpenTurnRequest> = {}, clientId = CLIENT): Promise<Conversation> {
    const opened = await this.open(changes, clientId);
    return opened.commit(completedTurn(id), TTL_SECONDS, () => `kept ${id}`);
  }
}
