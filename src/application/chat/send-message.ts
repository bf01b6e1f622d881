import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { RequestLimits } from '#src/application/limits/request-limits.js';
import type { CharacterRepository } from '#src/application/ports/character-repository.js';
import { type Clock, isoTime } from '#src/application/ports/clock.js';
import type {
  ConversationCache,
  Idempotency,
  OnBusy,
  OpenTurn,
} from '#src/application/ports/conversation-cache.js';
import type { IdGenerator } from '#src/application/ports/id-generator.js';
import type { LlmGateway, Prompt, TextListener, WasteListener } from '#src/application/ports/llm-gateway.js';
import type { Logger } from '#src/application/ports/logger.js';
import { AppError } from '#src/domain/app-error.js';
import { type Conversation, type HistoryBounds, selectHistory } from '#src/domain/conversation.js';
import { effectiveModel, type ModelPolicy } from '#src/domain/model-policy.js';
import { type Completion, completeTurn, type Turn, type TurnOutcome } from '#src/domain/turn.js';
import { readKeptAnswer, writeKeptAnswer } from './kept-answer.js';
import type { ConversationState, SentMessage } from './sent-message.js';
import type { TurnCost } from './turn-cost.js';
import type { TurnCosts } from './turn-costs.js';
import { untilEither } from './until-either.js';

interface Dependencies {
  readonly characters: CharacterRepository;
  readonly conversations: ConversationCache;
  readonly llm: LlmGateway;
  readonly costs: TurnCosts;
  readonly requestLimits: Pick<RequestLimits, 'crowded'>;
  readonly modelPolicy: ModelPolicy;
  readonly historyBounds: HistoryBounds;
  readonly ids: IdGenerator;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface SendMessageInput {
  readonly clientId: string;
  /** The client's own in place of the service's; null: the service's; 0: none. */
  readonly budgetTokensPerDay: number | null;
  /** Null: any number. */
  readonly maxConcurrentTurns: number | null;
  readonly characterId: string;
  readonly message: string;
  /** Absent: a new conversation is begun. */
  readonly conversationId?: string;
  readonly onBusy: OnBusy;
  /** Null: sent again, it is another message. */
  readonly idempotency: Idempotency | null;
  readonly origin: RequestOrigin;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  /** Told how long the model was waited for: at its first word when there is a `reader`, and at its end. */
  readonly onModelTime?: (elapsedMs: number) => void;
  /** Given the reply piece by piece as it comes, or, when it is replayed, as it came. */
  readonly reader?: TurnReader;
}

/** Somebody who reads along. */
export interface TurnReader {
  /** Settles when the reader is ready for more. `started` is the same every time. */
  onText(text: string, started: StartedTurn): Promise<void>;
}

/** What is known of a turn while it runs: its conversation as it will be if the turn completes now. */
export interface StartedTurn {
  readonly turnId: string;
  readonly conversation: ConversationState;
  readonly replayed: boolean;
}

/** `replayed`: this very request was answered before, and no model was asked again. */
export type SendMessageOutput = SentMessage & { readonly replayed: boolean };

/** A turn that may go on: it is open, and what it may cost is held for it. */
interface AdmittedTurn {
  readonly turn: Turn;
  readonly open: OpenTurn;
  readonly expected: ConversationState;
  readonly ttlSeconds: number;
  readonly prompt: Prompt;
  readonly cost: TurnCost;
}

/**
 * One turn: the conversation is opened, the model is asked, and both messages are kept, or neither. A request that was
 * completed before is given its answer again.
 */
export class SendMessage {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: SendMessageInput): Promise<SendMessageOutput> {
    const { conversations, requestLimits, ids, clock } = this.deps;
    const { clientId, origin } = input;
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
      maxConcurrentTurns: input.maxConcurrentTurns,
      signal: input.signal,
    });
    if (opened.kind === 'crowded') throw await requestLimits.crowded(clientId, origin, opened.limit);
    if (opened.kind === 'replay') return this.replay(opened.answer, input);
    try {
      const sent = await this.run(turn, opened, input);
      this.report(clientId, turn, sent.turn.outcome);
      return { ...sent, replayed: false };
    } catch (error) {
      this.report(clientId, turn, failure(error, input.signal));
      throw error;
    } finally {
      await opened.release();
    }
  }

  private async replay(answer: string, input: SendMessageInput): Promise<SendMessageOutput> {
    const { sent, telling } = readKeptAnswer(answer, input.message);
    const { id: turnId, conversationId, characterId } = sent.turn;
    const { reader, signal } = input;
    if (reader !== undefined) {
      for (const text of telling.pieces) {
        signal.throwIfAborted();
        await reader.onText(text, { turnId, conversation: telling.conversation, replayed: true });
      }
    }
    this.deps.logger.info({ clientId: input.clientId, turnId, conversationId, characterId }, 'turn replayed');
    return { ...sent, replayed: true };
  }

  private async run(turn: Turn, open: OpenTurn, input: SendMessageInput): Promise<SentMessage> {
    const { modelPolicy, historyBounds, clock } = this.deps;
    // Read while the turn is open: a deletion that comes later finds the turn and ends it.
    const character = await this.deps.characters.find(input.clientId, input.characterId);
    if (character === null) throw new AppError('character_not_found');
    const before = open.conversation;
    if (before !== null && before.characterId !== character.id) {
      throw new AppError('conversation_character_mismatch');
    }
    const history = selectHistory(before?.exchanges ?? [], historyBounds);
    const expected: ConversationState = {
      id: turn.conversationId,
      characterId: character.id,
      isNew: before === null,
      turns: (before?.turns ?? 0) + 1,
      expiresAt: isoTime(clock.now() + character.ttlSeconds * 1000),
      truncated: history.length < (before?.turns ?? 0),
    };
    const prompt: Prompt = {
      ...effectiveModel(modelPolicy, character),
      instructions: character.instructions,
      history,
      message: turn.userMessage,
      temperature: character.temperature,
    };
    const cost = await this.deps.costs.open(input, prompt);
    try {
      const sent = await this.converse(
        { turn, open, expected, prompt, cost, ttlSeconds: character.ttlSeconds },
        input,
      );
      cost.complete();
      return sent;
    } finally {
      await cost.settle();
    }
  }

  private async converse(
    { turn, open, expected, prompt, cost, ttlSeconds }: AdmittedTurn,
    input: SendMessageInput,
  ): Promise<SentMessage> {
    const pieces: string[] = [];
    const started: StartedTurn = { turnId: turn.id, conversation: expected, replayed: false };
    const tell = input.reader && recorded(input.reader, started, pieces);
    const completion = await untilEither(input.signal, open.lost, (signal) =>
      this.ask(prompt, signal, cost, input.onModelTime, tell),
    );
    cost.count(completion.usage);
    const completed = completeTurn(turn, completion, isoTime(this.deps.clock.now()));
    const sentWith = ({ turns, expiresAt }: Conversation): SentMessage => ({
      turn: completed,
      conversation: { ...expected, turns, expiresAt },
    });
    const telling = input.reader === undefined ? null : { conversation: expected, pieces };
    // Both tell a store, and neither waits for the other; whoever opened the cost waits for it.
    void cost.settle();
    const after = await open.commit(completed, ttlSeconds, (conversation) =>
      writeKeptAnswer(sentWith(conversation), telling),
    );
    return sentWith(after);
  }

  private async ask(
    prompt: Prompt,
    signal: AbortSignal,
    cost: TurnCost,
    onModelTime: SendMessageInput['onModelTime'],
    tell: TextListener | undefined,
  ): Promise<Completion> {
    const { llm, clock } = this.deps;
    const askedAt = clock.monotonicMs();
    const tellTime = () => onModelTime?.(clock.monotonicMs() - askedAt);
    const onWaste: WasteListener = (usage) => cost.count(usage);
    try {
      if (tell === undefined) return await llm.generate(prompt, signal, onWaste);
      let begun = false;
      const onText: TextListener = (text) => {
        if (!begun) tellTime();
        begun = true;
        cost.hear(text);
        return tell(text);
      };
      return await llm.stream(prompt, signal, onText, onWaste);
    } finally {
      tellTime();
    }
  }

  private report(clientId: string, turn: Turn, outcome: TurnOutcome): void {
    const { id: turnId, conversationId, characterId } = turn;
    const usage = outcome.status === 'completed' ? { model: outcome.model, usage: outcome.usage } : {};
    const code = outcome.status === 'failed' ? { code: outcome.code } : {};
    this.deps.logger.info(
      { clientId, turnId, conversationId, characterId, outcome: outcome.status, ...usage, ...code },
      'turn',
    );
  }
}

function recorded(reader: TurnReader, started: StartedTurn, pieces: string[]): TextListener {
  return (text) => {
    pieces.push(text);
    return reader.onText(text, started);
  };
}

/** A caller who left is no failure; a service that ends the turn is one, with a code. */
function failure(error: unknown, callerSignal: AbortSignal): TurnOutcome {
  if (error instanceof AppError) return { status: 'failed', code: error.code };
  return callerSignal.aborted ? { status: 'cancelled' } : { status: 'failed', code: 'internal_error' };
}
