import { Child, type ChildOptions } from './child.js';
import { MESSAGE } from './prompt-texts.js';
import type { Target } from './target.js';

/** One of the servers of this folder; they remember nothing, so every turn is the same. */
export async function startSimpleTarget(
  name: string,
  command: readonly string[],
  options: ChildOptions,
): Promise<Target> {
  const child = new Child(command, options);
  return {
    name,
    url: await child.url(),
    process: child,
    turn: (_lane, model, stream) => ({
      path: '/chat',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, message: MESSAGE, stream }),
    }),
  };
}
