import type { BaseMessage } from '@langchain/core/messages';
import type { ChatGeneration, ChatResult } from '@langchain/core/outputs';
import type { Prompt } from '#src/application/ports/chat/llm-gateway.js';
import type { Completion, FinishReason, Usage } from '#src/domain/conversations/turn.js';
import type { AppError } from '#src/domain/errors.js';
import { estimatePrompt, estimateTokens } from '#src/domain/models/token-estimate.js';
import { modelError } from '../llm-errors.js';
import { ProviderFailure } from './provider-failure.js';

/** Mistral's `model_length` is the end of the context, not of the reply's own cap; either way the reply was cut. */
const FINISH_REASONS: ReadonlyMap<unknown, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['model_length', 'length'],
]);

/** Far more than any output cap lets a model say. */
const MAX_CHARACTERS = 1_000_000;

/**
 * The reply of a whole answer.
 * @throws AppError `model_rejected` when a content filter cut it; `model_failed` when it has no text, was not finished,
 * is absurdly long, or asks for a tool.
 */
export function readCompletion(
  result: ChatResult,
  prompt: Prompt,
  onUnusable?: (usage: Usage) => void,
): Completion {
  const generation = result.generations[0];
  if (generation === undefined) {
    const usage = usageOfAll(result);
    if (usage !== null) onUnusable?.(usage);
    throw unusable('no_choice');
  }
  return toCompletion(
    {
      content: textOf(generation.message).toWellFormed(),
      finishReason: finishReasonOf(generation),
      usage: reportedUsage(generation.message),
    },
    prompt,
    onUnusable,
  );
}

/** An answer in the providers' words, put together. */
export interface RawAnswer {
  readonly content: string;
  readonly finishReason: unknown;
  /** Null: the provider reported none. */
  readonly usage: Usage | null;
}

/** @throws as `readCompletion`. */
export function toCompletion(
  answer: RawAnswer,
  prompt: Prompt,
  onUnusable?: (usage: Usage) => void,
): Completion {
  try {
    return requireUsable(answer, prompt);
  } catch (error) {
    const usage = answer.usage ?? (hasCome(answer) ? estimatedUsage(prompt, answer.content) : null);
    if (usage !== null) onUnusable?.(usage);
    throw error;
  }
}

/** Something without text, end and count is no model's answer. */
function hasCome({ content, finishReason }: RawAnswer): boolean {
  return content !== '' || (finishReason ?? null) !== null;
}

function requireUsable({ content, finishReason: reason, usage }: RawAnswer, prompt: Prompt): Completion {
  if (reason === 'content_filter') throw unusable('content_filter');
  const finishReason = FINISH_REASONS.get(reason);
  if (finishReason === undefined) throw unusable('not_finished');
  if (content === '') throw unusable('no_text');
  assertReasonableLength(content);
  return {
    reply: { content, finishReason },
    model: prompt.model,
    usage: usage ?? estimatedUsage(prompt, content),
  };
}

/** @throws AppError `model_failed` when the reply is absurdly long. */
export function assertReasonableLength(content: string): void {
  if (content.length > MAX_CHARACTERS) throw unusable('too_long');
}

function unusable(code: 'content_filter' | 'no_choice' | 'no_text' | 'not_finished' | 'too_long'): AppError {
  return modelError(new ProviderFailure({ name: 'UnusableAnswer', code }));
}

/** OpenAI's clients spell it as on the wire, Mistral's in camel case. */
export function finishReasonOf({ generationInfo }: ChatGeneration): unknown {
  return generationInfo?.['finish_reason'] ?? generationInfo?.['finishReason'];
}

/** Text parts alone: a reasoning model's thoughts are no part of its reply. */
export function textOf({ content }: BaseMessage): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => (part.type === 'text' && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('');
}

export function reportedUsage(message: BaseMessage): Usage | null {
  const reported = 'usage_metadata' in message ? message.usage_metadata : null;
  if (typeof reported !== 'object' || reported === null) return null;
  const inputTokens = 'input_tokens' in reported ? reported.input_tokens : null;
  const outputTokens = 'output_tokens' in reported ? reported.output_tokens : null;
  return countedUsage(inputTokens, outputTokens);
}

/** What both clients keep of the count beside the choices. */
function usageOfAll({ llmOutput }: ChatResult): Usage | null {
  const reported: unknown = llmOutput?.['tokenUsage'];
  if (typeof reported !== 'object' || reported === null) return null;
  const inputTokens = 'promptTokens' in reported ? reported.promptTokens : null;
  const outputTokens = 'completionTokens' in reported ? reported.completionTokens : null;
  return countedUsage(inputTokens, outputTokens);
}

function countedUsage(inputTokens: unknown, outputTokens: unknown): Usage | null {
  if (!isCount(inputTokens) || !isCount(outputTokens)) return null;
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, estimated: false };
}

/** A prompt and a reply are never free: zero means that nobody counted. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && typeof value === 'number' && value > 0;
}

/** Of a prompt that no word of an answer is known to. */
export function promptUsage(prompt: Prompt): Usage {
  const inputTokens = estimatePrompt(prompt.messages);
  return { inputTokens, outputTokens: 0, totalTokens: inputTokens, estimated: true };
}

function estimatedUsage(prompt: Prompt, content: string): Usage {
  const { inputTokens } = promptUsage(prompt);
  const outputTokens = estimateTokens(content);
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, estimated: true };
}
