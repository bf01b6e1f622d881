import type { ChatMessage } from '#src/domain/conversations/chat-message.js';
import type { Completion, Usage } from '#src/domain/conversations/turn.js';

/** What a model is asked with. */
export interface Prompt {
  readonly model: string;
  /** In the order in which the model is shown them; texts byte for byte. */
  readonly messages: readonly ChatMessage[];
  readonly sampling: Sampling;
}

/** How a reply is drawn. */
export interface Sampling {
  /** Null: the provider's own default. */
  readonly temperature: number | null;
  readonly maxOutputTokens: number;
}

/** Given a piece of the reply; the next one is not taken before it settles, so that a slow reader slows the provider. */
export type TextListener = (text: string) => Promise<void>;

/**
 * Called with what a call cost that brought no completion: an answer that could not be used, as its provider counted it, else
 * estimated; and the estimate of the prompt, when a provider was asked and the call was cancelled or its time was over
 * before any text. A call that failed by itself without an answer cost nothing. Nothing else reports it.
 */
export type AttemptUsageListener = (usage: Usage) => void;

export interface LlmGateway {
  /**
   * @param signal cancels the call, also upstream.
   * @param onAttemptUsage called before the call ends, once for each such call to a provider.
   * @throws AppError `model_rejected`, `model_failed`, `model_unavailable` or `model_timeout`; the signal's reason when cancelled.
   */
  generate(prompt: Prompt, signal: AbortSignal, onAttemptUsage?: AttemptUsageListener): Promise<Completion>;
  /**
   * As `generate`, and passes the reply on piece by piece as it comes: well-formed Unicode, never empty, together exactly
   * `reply.content`. After the first piece nothing is tried again.
   */
  stream(
    prompt: Prompt,
    signal: AbortSignal,
    onDelta: TextListener,
    onAttemptUsage?: AttemptUsageListener,
  ): Promise<Completion>;
}
