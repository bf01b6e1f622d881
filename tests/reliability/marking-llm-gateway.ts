import { setTimeout as delay } from 'node:timers/promises';
import type { LlmGateway, Prompt, TextListener } from '#src/application/ports/chat/llm-gateway.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { shownHistory } from '#tests/support/fakes/shown-history.js';
import { isToFail, markOf, replyTo, thinkMsOf } from './marked-message.js';

const USAGE = { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false };

/** A fast model that does what the message asks for, and looks at what it is shown of the conversation. */
export class MarkingLlmGateway implements LlmGateway {
  /** Its reply is another one than was expected when it is shown anything but whole turns of this very conversation. */
  async generate(prompt: Prompt, signal: AbortSignal): Promise<Completion> {
    const message = prompt.messages.at(-1)?.content ?? '';
    const mark = markOf(message);
    const isWell = shownHistory(prompt).every(
      ({ user, assistant }) => user.startsWith(mark) && assistant === replyTo(user),
    );
    const thinkMs = thinkMsOf(message);
    if (thinkMs > 0) await delay(thinkMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    if (isToFail(message)) throw new AppError('model_failed');
    return {
      reply: { content: isWell ? replyTo(message) : 'I was shown something else.', finishReason: 'stop' },
      model: 'marking',
      usage: USAGE,
    };
  }

  async stream(prompt: Prompt, signal: AbortSignal, onDelta: TextListener): Promise<Completion> {
    const completion = await this.generate(prompt, signal);
    await onDelta(completion.reply.content);
    return completion;
  }
}
