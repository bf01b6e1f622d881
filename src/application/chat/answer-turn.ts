import type { Conversation, Greeting } from '#src/domain/conversations/conversation.js';
import { type Completion, completeTurn, type Turn } from '#src/domain/conversations/turn.js';
import { linkSignals } from '../async/link-signals.js';
import type { OpenTurn } from '../ports/chat/conversation-cache.js';
import type { AttemptListener, LlmGateway, Prompt, TextListener } from '../ports/chat/llm-gateway.js';
import type { TurnObserver } from '../ports/chat/turn-observer.js';
import { type Clock, isoTime } from '../ports/system/clock.js';
import { type StreamChunks, writeReplayRecord } from './replay-record.js';
import type { ConversationState, SentMessage } from './sent-message.js';
import type { TurnMeter } from './turn-meter.js';
import type { MeteredTurn, TurnMeters } from './turn-meters.js';
import type { TurnReport } from './turn-report.js';
import type { TurnHeader, TurnStream } from './turn-stream.js';

interface Dependencies {
  readonly llm: LlmGateway;
  readonly costs: TurnMeters;
  readonly clock: Clock;
}

/** A turn that may go on: it is open. Whoever opened it ends it. */
interface AdmittedTurn {
  readonly turn: Turn;
  readonly open: OpenTurn;
  readonly report: TurnReport;
  /** Its conversation as it will be. */
  readonly expected: ConversationState;
  /** What the conversation began with, or begins with. */
  readonly greeting: Greeting | null;
  readonly ttlSeconds: number;
  readonly prompt: Prompt;
}

/** For whom a turn is answered. */
export interface TurnListener {
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  /** Observes this turn alone. */
  readonly observer?: TurnObserver;
  readonly reader?: TurnStream;
}

/** Asks the model, and keeps both messages when the reply is whole. */
export class AnswerTurn {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  run(admitted: AdmittedTurn, listener: TurnListener & MeteredTurn): Promise<SentMessage> {
    const { open, expected, prompt, turn } = admitted;
    const pieces: string[] = [];
    const started: TurnHeader = { turnId: turn.id, conversation: expected, replayed: false };
    const notifyReader = listener.reader && recorded(listener.reader, started, pieces);
    const chunks = listener.reader === undefined ? null : { conversation: expected, pieces };
    return this.#deps.costs.run(listener, prompt, {
      ask: (meter) =>
        linkSignals(listener.signal, open.lost, (signal) => this.#ask(admitted, meter, signal, notifyReader)),
      keep: (completion) => this.#keep(admitted, completion, chunks),
    });
  }

  async #keep(
    { turn, open, expected, greeting, ttlSeconds }: AdmittedTurn,
    completion: Completion,
    chunks: StreamChunks | null,
  ): Promise<SentMessage> {
    const completed = completeTurn(turn, completion, isoTime(this.#deps.clock.now()));
    const sentWith = ({ turns, expiresAt }: Conversation): SentMessage => ({
      turn: completed,
      conversation: { ...expected, turns, expiresAt },
    });
    const toAnswer = (conversation: Conversation) => writeReplayRecord(sentWith(conversation), chunks);
    return sentWith(await open.commit(completed, ttlSeconds, toAnswer, greeting));
  }

  #ask(
    { prompt, report }: AdmittedTurn,
    meter: TurnMeter,
    signal: AbortSignal,
    notifyReader: TextListener | undefined,
  ): Promise<Completion> {
    const { llm } = this.#deps;
    const onAttempt: AttemptListener = (attempt) => {
      if (attempt.usage !== null) meter.count(attempt.usage);
      report.attempt(attempt);
    };
    const streamed = notifyReader !== undefined;
    return report.measure({ prompt, streamed, signal }, (onPiece) => {
      if (notifyReader === undefined) return llm.generate(prompt, signal, onAttempt);
      const onDelta: TextListener = (text) => {
        onPiece();
        meter.addChunk(text);
        return notifyReader(text);
      };
      return llm.stream(prompt, signal, onDelta, onAttempt);
    });
  }
}

function recorded(reader: TurnStream, started: TurnHeader, pieces: string[]): TextListener {
  return (text) => {
    pieces.push(text);
    return reader.onDelta(text, started);
  };
}
