import type { ModelCall } from '#src/application/ports/chat/turn-observer.js';

/** What one turn asked of its model, once it is over. */
export interface FinishedCall extends ModelCall {
  /** UUIDv7. */
  readonly id: string;
}

const BYTES_PER_UNIT = 2;
/** For each message; what surrounds a call is less than two of them take. */
const OVERHEAD_BYTES = 512;

/** What a call weighs in memory, rather too much than too little. */
export function bytesOf({ prompt, outcome }: FinishedCall): number {
  let units = prompt.model.length;
  for (const { content } of prompt.messages) units += content.length;
  if (outcome.kind === 'completed') units += outcome.completion.reply.content.length;
  return OVERHEAD_BYTES * prompt.messages.length + BYTES_PER_UNIT * units;
}
