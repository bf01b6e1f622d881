import type { RunStatement } from '../database/sqlite-connection.js';
import { initial } from './0001-initial.js';
import { clientTerms } from './0002-client-terms.js';
import { usage } from './0003-usage.js';
import { usageDays } from './0004-usage-days.js';
import { emailLookups } from './0005-email-lookups.js';

export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly version: number;
  readonly name: string;
  /** Statements of SQLite, or what SQL cannot say; both run inside a transaction that is not theirs. */
  readonly apply: string | ((run: RunStatement) => Promise<void>);
}

/** In the order in which they run. What has been released is never edited: a change is a new migration at the end. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'initial', apply: initial },
  { version: 2, name: 'client-terms', apply: clientTerms },
  { version: 3, name: 'usage', apply: usage },
  { version: 4, name: 'usage-days', apply: usageDays },
  { version: 5, name: 'email-lookups', apply: emailLookups },
];
