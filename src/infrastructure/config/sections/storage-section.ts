import { z } from 'zod';
import type { DatabaseConfig } from '../config.js';
import { ruled, variable } from '../variable.js';

const databaseUrl = z.string().regex(/^(memory:|sqlite:.+)$/, 'must be sqlite:<path> or memory:');

export const storageVariables = {
  DATABASE_URL: variable(
    ruled(databaseUrl, '`sqlite:<path>` or `memory:`').default('sqlite:./data/fastwrap.db'),
    {
      description:
        'Where accounts, keys, characters and usage are kept; `memory:` forgets everything at the end. docker-compose.yml sets it',
      see: 'docs/operations/backup.md',
    },
  ),
};

export function toDatabase(url: string): DatabaseConfig {
  return url === 'memory:' ? { kind: 'memory' } : { kind: 'sqlite', path: url.slice('sqlite:'.length) };
}
