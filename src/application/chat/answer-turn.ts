import type { Conversation, Greeting } from '#src/domain/conversations/conversation.js';
import { type Completion, completeTurn, type Turn } from '#src/domain/conversations/turn.js';
import { linkSignals } from '../async/link-signals.js';
import type { OpenTurn } from '../ports/chat/conversation-cache.js';
import type { LlmGateway, Prompt, TextListener, WasteListener } from '../ports/chat/llm-gateway.js';
import { type Clock, isoTime } from '../ports/system/clock.js';
import { writeKeptAnswer } from './kept-answer.js';
import type { ConversationState, SentMessage } from './sent-message.js';
import type { TurnCost } from './turn-cost.js';
import type { StartedTurn, TurnReader } from './turn-reader.js';

interface Dependencies {
  readonly llm: LlmGateway;
  readonly clock: Clock;
}

/** A turn that may go on: it is open, and what it may cost is held for it. Whoever opened both ends both. */
export interface AdmittedTurn {
  readonly turn: Turn;
  readonly open: OpenTurn;
  /** Its conversation as it will be. */
  readonly expected: ConversationState;
  /** What the conversation began with, or begins with. */
  readonly greeting: Greeting | null;
  readonly ttlSeconds: number;
  readonly prompt: Prompt;
  readonly cost: TurnCost;
}

/** For whom a turn is answered. */
export interface TurnListener {
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  /** Told how long the model was waited for: at its first word when there is a `reader`, and at its end. */
  readonly onModelTime?: (elapsedMs: number) => void;
  readonly reader?: TurnReader;
}

/** Asks the model, and keeps both messages when the reply is whole. */
export class AnswerTurn {
  constructor(private readonly deps: Dependencies) {}

  async run(admitted: AdmittedTurn, listener: TurnListener): Promise<SentMessage> {
    const { turn, open, expected, greeting, ttlSeconds, cost } = admitted;
    const pieces: string[] = [];
    const started: StartedTurn = { turnId: turn.id, conversation: expected, replayed: false };
    const tell = listener.reader && recorded(listener.reader, started, pieces);
    const completion = await linkSignals(listener.signal, open.lost, (signal) =>
      this.ask(admitted, signal, listener.onModelTime, tell),
    );
    cost.count(completion.usage);
    const completed = completeTurn(turn, completion, isoTime(this.deps.clock.now()));
    const sentWith = ({ turns, expiresAt }: Conversation): SentMessage => ({
      turn: completed,
      conversation: { ...expected, turns, expiresAt },
    });
    const telling = listener.reader === undefined ? null : { conversation: expected, pieces };
    // Both tell a store, and neither waits for the other; whoever opened the cost waits for it.
    void cost.settle();
    const toAnswer = (conversation: Conversation) => writeKeptAnswer(sentWith(conversation), telling);
    const after = await open.commit(completed, ttlSeconds, toAnswer, greeting);
    return sentWith(after);
  }

  private async ask(
    { prompt, cost }: AdmittedTurn,
    signal: AbortSignal,
    onModelTime: TurnListener['onModelTime'],
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
}

function recorded(reader: TurnReader, started: StartedTurn, pieces: string[]): TextListener {
  return (text) => {
    pieces.push(text);
    return reader.onText(text, started);
  };
}
