import type { ChatMessage } from '#src/domain/conversations/chat-message.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import type { ModelAttempt } from './model-attempt.js';

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

/** Notified of every call to a provider, also of those that failed; nothing else reports what they cost. */
export type AttemptListener = (attempt: ModelAttempt) => void;

export interface LlmGateway {
  /**
   * @param signal cancels the call, also upstream.
   * @param onAttempt called before the call ends, once for each call to a provider.
   * @throws AppError `model_rejected`, `model_failed`, `model_unavailable` or `model_timeout`; the signal's reason when cancelled.
   */
  generate(prompt: Prompt, signal: AbortSignal, onAttempt?: AttemptListener): Promise<Completion>;
  /**
   * As `generate`, and passes the reply on piece by piece as it comes: well-formed Unicode, never empty, together exactly
   * `reply.content`. After the first piece nothing is tried again.
   */
  stream(
    prompt: Prompt,
    signal: AbortSignal,
    onDelta: TextListener,
    onAttempt?: AttemptListener,
  ): Promise<Completion>;
}
