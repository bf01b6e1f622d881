/** Messages say whose they are and what the model shall do with them, so that each can be assigned to its owner wherever it appears. */
export interface MarkedMessage {
  readonly clientId: string;
  readonly conversationId: string;
  /** Unique. */
  readonly name: string;
  readonly thinkMs: number;
  readonly fails: boolean;
}

export function markMessage({ clientId, conversationId, name, thinkMs, fails }: MarkedMessage): string {
  return `${mark(clientId, conversationId)}${name} think=${thinkMs}${fails ? ' fail' : ''}`;
}

/** What every message of a conversation begins with. */
export function mark(clientId: string, conversationId: string): string {
  return `${clientId}/${conversationId} `;
}

export function markOf(message: string): string {
  return message.slice(0, message.indexOf(' ') + 1);
}

export function replyTo(message: string): string {
  return `re: ${message}`;
}

export function thinkMsOf(message: string): number {
  return Number(/ think=(\d+)/.exec(message)?.[1] ?? 0);
}

export function isToFail(message: string): boolean {
  return message.endsWith(' fail');
}
