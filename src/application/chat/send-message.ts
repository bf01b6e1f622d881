import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { RequestLimits } from '#src/application/limits/request-limits.js';
import type { ClientPrincipal } from '#src/domain/access/principal.js';
import { toChatMessages } from '#src/domain/conversations/chat-message.js';
import {
  expiryOf,
  type HistoryBounds,
  selectGreeting,
  selectHistory,
  toGreeting,
} from '#src/domain/conversations/conversation.js';
import type { Turn } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { effectiveModel, type ModelPolicy } from '#src/domain/models/model-policy.js';
import type { ConversationCache, Idempotency, OnBusy, OpenTurn } from '../ports/chat/conversation-cache.js';
import type { LlmGateway, Prompt } from '../ports/chat/llm-gateway.js';
import type { ObservedTurn } from '../ports/chat/turn-observer.js';
import type { CharacterRepository } from '../ports/storage/character-repository.js';
import { type Clock, isoTime } from '../ports/system/clock.js';
import type { IdGenerator } from '../ports/system/id-generator.js';
import { AnswerTurn, type TurnListener } from './answer-turn.js';
import { readReplayRecord } from './replay-record.js';
import type { ConversationState, SentMessage } from './sent-message.js';
import type { TurnMeters } from './turn-meters.js';
import type { TurnObservers } from './turn-observers.js';
import type { TurnReport } from './turn-report.js';

interface Dependencies {
  readonly characters: CharacterRepository;
  readonly conversations: ConversationCache;
  readonly llm: LlmGateway;
  readonly costs: TurnMeters;
  readonly requestLimits: Pick<RequestLimits, 'concurrentTurns' | 'concurrencyLimited'>;
  readonly modelPolicy: ModelPolicy;
  readonly historyBounds: HistoryBounds;
  readonly ids: IdGenerator;
  readonly clock: Clock;
  readonly observers: TurnObservers;
}

/** The `reader` is given the reply piece by piece as it comes, or, when it is replayed, as it came. */
export interface SendMessageInput extends TurnListener {
  /** Whose turn it is, with the limits and the budget that were agreed with them. */
  readonly caller: ClientPrincipal;
  readonly characterId: string;
  readonly message: string;
  /** Absent: a new conversation is begun. */
  readonly conversationId?: string;
  readonly onBusy: OnBusy;
  /** Null: sent again, it is another message. */
  readonly idempotency: Idempotency | null;
  readonly origin: RequestOrigin;
}

/** `replayed`: this very request was answered before, and no model was asked again. */
export type SendMessageOutput = SentMessage & { readonly replayed: boolean };

/**
 * One turn: the conversation is opened, the model is asked, and both messages are kept, or neither. A request that was
 * completed before is given its answer again.
 */
export class SendMessage {
  readonly #deps: Dependencies;
  readonly #answerTurn: AnswerTurn;

  constructor(deps: Dependencies) {
    this.#deps = deps;
    this.#answerTurn = new AnswerTurn(deps);
  }

  async execute(input: SendMessageInput): Promise<SendMessageOutput> {
    const { conversations, requestLimits, ids, clock } = this.#deps;
    const { caller, origin } = input;
    const { clientId } = caller;
    const turn: Turn = {
      id: ids.next(),
      conversationId: input.conversationId ?? ids.next(),
      characterId: input.characterId,
      userMessage: input.message,
      startedAt: isoTime(clock.now()),
    };
    const opened = await conversations.openTurn(clientId, {
      conversationId: turn.conversationId,
      characterId: input.characterId,
      onBusy: input.onBusy,
      idempotency: input.idempotency,
      maxConcurrentTurns: requestLimits.concurrentTurns(caller),
      signal: input.signal,
    });
    if (opened.kind === 'concurrency_limited')
      throw await requestLimits.concurrencyLimited(clientId, origin, opened.limit);
    if (opened.kind === 'replay') return this.#replay(opened.answer, input);
    const report = this.#deps.observers.open(observed(clientId, turn), input.observer);
    try {
      const sent = await this.#run(turn, opened, report, input);
      report.completed(sent.turn.outcome);
      return { ...sent, replayed: false };
    } catch (error) {
      report.failed(error, input.signal);
      throw error;
    } finally {
      await opened.release();
    }
  }

  async #replay(answer: string, input: SendMessageInput): Promise<SendMessageOutput> {
    const { sent, chunks } = readReplayRecord(answer, input.message);
    const { id: turnId } = sent.turn;
    const { caller, reader, signal, observer } = input;
    if (reader !== undefined) {
      for (const text of chunks.pieces) {
        signal.throwIfAborted();
        await reader.onDelta(text, { turnId, conversation: chunks.conversation, replayed: true });
      }
    }
    this.#deps.observers.replayed(observed(caller.clientId, sent.turn), observer);
    return { ...sent, replayed: true };
  }

  async #run(turn: Turn, open: OpenTurn, report: TurnReport, input: SendMessageInput): Promise<SentMessage> {
    const { modelPolicy, historyBounds, clock } = this.#deps;
    // Read while the turn is open: a deletion that comes later finds the turn and ends it.
    const character = await this.#deps.characters.find(input.caller.clientId, input.characterId);
    if (character === null) throw new AppError('character_not_found');
    const before = open.conversation;
    if (before !== null && before.characterId !== character.id) {
      throw new AppError('conversation_character_mismatch');
    }
    const history = selectHistory(before?.exchanges ?? [], historyBounds);
    const greeting = before === null ? toGreeting(character.greeting, turn) : before.greeting;
    const shown = selectGreeting({ greeting, turns: before?.turns ?? 0 }, history, historyBounds);
    const expected: ConversationState = {
      id: turn.conversationId,
      characterId: character.id,
      isNew: before === null,
      ...(before === null && greeting !== null ? { greeting: greeting.text } : {}),
      turns: (before?.turns ?? 0) + 1,
      expiresAt: expiryOf(clock.now(), character.ttlSeconds),
      truncated: history.length < (before?.turns ?? 0) || shown !== greeting,
    };
    const { instructions, temperature } = character;
    const { model, maxOutputTokens } = effectiveModel(modelPolicy, character);
    const texts = { instructions, greeting: shown?.text ?? null, history, message: turn.userMessage };
    const sampling = { temperature, maxOutputTokens };
    const prompt: Prompt = { model, messages: toChatMessages(texts), sampling };
    const { ttlSeconds } = character;
    return this.#answerTurn.run({ turn, open, report, expected, greeting, prompt, ttlSeconds }, input);
  }
}

function observed(clientId: string, { id: turnId, conversationId, characterId }: Turn): ObservedTurn {
  return { clientId, turnId, conversationId, characterId };
}
