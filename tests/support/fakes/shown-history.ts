import type { Prompt } from '#src/application/ports/chat/llm-gateway.js';

interface ShownTurn {
  readonly user: string;
  readonly assistant: string;
}

/** The whole turns that a prompt shows before its new message, without the greeting. */
export function shownHistory(prompt: Prompt | undefined): ShownTurn[] {
  if (prompt === undefined) throw new Error('there was no prompt');
  const said = prompt.messages.filter(({ role }) => role !== 'system').slice(0, -1);
  const turns = said[0]?.role === 'assistant' ? said.slice(1) : said;
  return Array.from({ length: Math.ceil(turns.length / 2) }, (_, index) => {
    const [user, assistant] = turns.slice(2 * index, 2 * index + 2);
    if (user?.role !== 'user' || assistant?.role !== 'assistant') throw new Error('it shows half a turn');
    return { user: user.content, assistant: assistant.content };
  });
}
