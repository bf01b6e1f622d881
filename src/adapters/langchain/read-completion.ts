import type { BaseMessage } from '@langchain/core/messages';
import type { ChatGeneration, ChatResult } from '@langchain/core/outputs';
import type { Prompt } from '#src/application/ports/llm-gateway.js';
import { estimateTokens } from '#src/domain/token-estimate.js';
import type { Completion, FinishReason, Usage } from '#src/domain/turn.js';
import { modelError } from './llm-errors.js';
import { ProviderFailure } from './provider-failure.js';

/** Mistral's `model_length` is the end of the context, not of the reply's own cap; either way the reply was cut. */
const FINISH_REASONS: ReadonlyMap<unknown, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['model_length', 'length'],
]);

/**
 * The reply of a whole answer.
 * @throws AppError `model_rejected` when a content filter cut it; `model_failed` when it has no text, was not finished,
 * or asks for a tool.
 */
export function readCompletion(result: ChatResult, prompt: Prompt): Completion {
  const generation = result.generations[0];
  if (generation === undefined) throw unusable('no_choice');
  const content = textOf(generation.message);
  const reason = finishReasonOf(generation);
  if (reason === 'content_filter') {
    throw modelError(
      'model_rejected',
      new ProviderFailure({ name: 'UnusableAnswer', code: 'content_filter' }),
    );
  }
  const finishReason = FINISH_REASONS.get(reason);
  if (finishReason === undefined) throw unusable('not_finished');
  if (content === '') throw unusable('no_text');
  return {
    reply: { content, finishReason },
    model: prompt.model,
    usage: reportedUsage(generation.message) ?? estimatedUsage(prompt, content),
  };
}

function unusable(code: string) {
  return modelError('model_failed', new ProviderFailure({ name: 'UnusableAnswer', code }));
}

/** OpenAI's clients spell it as on the wire, Mistral's in camel case. */
function finishReasonOf({ generationInfo }: ChatGeneration): unknown {
  return generationInfo?.['finish_reason'] ?? generationInfo?.['finishReason'];
}

/** Text parts alone: a reasoning model's thoughts are no part of its reply. */
function textOf({ content }: BaseMessage): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => (part.type === 'text' && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('');
}

function reportedUsage(message: BaseMessage): Usage | null {
  const reported = 'usage_metadata' in message ? message.usage_metadata : null;
  if (typeof reported !== 'object' || reported === null) return null;
  const inputTokens = 'input_tokens' in reported ? reported.input_tokens : null;
  const outputTokens = 'output_tokens' in reported ? reported.output_tokens : null;
  if (!isCount(inputTokens) || !isCount(outputTokens)) return null;
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, estimated: false };
}

/** A prompt and a reply are never free: zero means that nobody counted. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && typeof value === 'number' && value > 0;
}

function estimatedUsage(prompt: Prompt, content: string): Usage {
  const inputTokens = prompt.history.reduce(
    (sum, exchange) => sum + exchange.tokens,
    estimateTokens(prompt.instructions) + estimateTokens(prompt.message),
  );
  const outputTokens = estimateTokens(content);
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, estimated: true };
}
