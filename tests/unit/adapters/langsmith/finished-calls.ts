import type { FinishedCall } from '#src/adapters/langsmith/finished-call.js';
import { prompt } from '#tests/contracts/llm-gateway.contract.js';

/** A completed call whose message has this many characters. */
export function finishedCall(id: string, characters = 5): FinishedCall {
  return {
    id,
    prompt: prompt('some-model', { message: 'm'.repeat(characters) }),
    streamed: false,
    startedAt: 0,
    firstTokenAt: null,
    endedAt: 1,
    outcome: {
      kind: 'completed',
      completion: {
        reply: { content: 'Good day.', finishReason: 'stop' },
        model: 'some-model',
        usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false },
      },
    },
  };
}
