import { z } from 'zod';
import { accessVariables } from './sections/access-section.js';
import { conversationVariables } from './sections/conversation-section.js';
import { limitVariables } from './sections/limit-section.js';
import { modelVariables } from './sections/model-section.js';
import { operationVariables } from './sections/operation-section.js';
import { redisVariables } from './sections/redis-section.js';
import { storageVariables } from './sections/storage-section.js';
import { tracingVariables } from './sections/tracing-section.js';
import type { Section } from './variable.js';

/** As documents show them. `npm run configuration` writes those. */
export const SECTIONS: readonly Section[] = [
  { title: 'Operation', variables: operationVariables },
  { title: 'Access', variables: accessVariables },
  { title: 'Models', variables: modelVariables },
  { title: 'Traces', variables: tracingVariables },
  { title: 'Storage', variables: storageVariables },
  { title: 'Conversations', variables: conversationVariables },
  { title: 'Redis', variables: redisVariables },
  {
    title: 'Limits and budgets',
    about:
      '0 switches a limit off. What was hit is named in the 429, what is left in the header `RateLimit`. They count on Redis where `REDIS_HOST` or `REDIS_URL` is set, else in each process. See [limits](../api/limits.md).',
    variables: limitVariables,
  },
];

/** One entry for each variable: its form and default. What depends on another variable is checked by `readConfig`. */
export const environmentSchema = z.object({
  ...operationVariables,
  ...accessVariables,
  ...modelVariables,
  ...tracingVariables,
  ...storageVariables,
  ...conversationVariables,
  ...redisVariables,
  ...limitVariables,
});

export type Environment = z.infer<typeof environmentSchema>;
