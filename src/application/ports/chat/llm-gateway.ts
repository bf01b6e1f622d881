import type { Exchange } from '#src/domain/conversations/conversation.js';
import type { Completion, Usage } from '#src/domain/conversations/turn.js';

/** What a model is shown: one system message, the greeting, the history, the new message; texts byte for byte. */
export interface Prompt {
  readonly model: string;
  readonly instructions: string;
  /** The assistant's first words, before the first message of the user; null: none. */
  readonly greeting: string | null;
  readonly history: readonly Exchange[];
  readonly message: string;
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
