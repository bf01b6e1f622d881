import { convertToDottedOrderFormat } from 'langsmith/run_trees';
import type { RunCreate } from 'langsmith/schemas';
import type { Prompt } from '#src/application/ports/chat/llm-gateway.js';
import { isoTime } from '#src/application/ports/system/clock.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import { detectProvider } from '#src/domain/models/model-provider.js';
import type { FinishedCall } from './finished-call.js';

/** As LangSmith's documentation has a call of a chat model: OpenAI's messages and choices, `ls_` metadata for its prices. */
export function toRun(call: FinishedCall, project: string): RunCreate {
  const { id, prompt, outcome, startedAt, firstTokenAt, endedAt } = call;
  const completion = outcome.kind === 'completed' ? outcome.completion : null;
  return {
    id,
    trace_id: id,
    dotted_order: convertToDottedOrderFormat(startedAt, id).dottedOrder,
    session_name: project,
    name: 'fastwrap turn',
    run_type: 'llm',
    start_time: isoTime(startedAt),
    end_time: isoTime(endedAt),
    inputs: { messages: prompt.messages },
    ...(completion === null ? {} : { outputs: toOutputs(completion) }),
    ...(outcome.kind === 'failed' ? { error: outcome.code } : {}),
    ...(firstTokenAt === null ? {} : { events: [{ name: 'new_token', time: isoTime(firstTokenAt) }] }),
    tags: [call.streamed ? 'stream' : 'plain'],
    extra: { metadata: toMetadata(prompt, completion) },
  };
}

function toOutputs(completion: Completion) {
  const { content, finishReason } = completion.reply;
  return {
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason }],
    usage_metadata: toUsage(completion),
  };
}

function toUsage({ usage }: Completion) {
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    total_tokens: usage.totalTokens,
  };
}

/** The model that answered, which may be the fallback, and the one that was asked for. */
function toMetadata(prompt: Prompt, completion: Completion | null) {
  const { temperature, maxOutputTokens } = prompt.sampling;
  const model = completion?.model ?? prompt.model;
  const provider = detectProvider(model);
  return {
    ls_model_type: 'chat',
    ls_model_name: model,
    ...(provider === null ? {} : { ls_provider: provider }),
    ...(temperature === null ? {} : { ls_temperature: temperature }),
    ls_max_tokens: maxOutputTokens,
    requested_model: prompt.model,
    ...(completion === null
      ? {}
      : { usage_metadata: toUsage(completion), usage_estimated: completion.usage.estimated }),
  };
}
