import { clocks } from './families/clocks.js';
import { deletedAccount } from './families/deleted-account.js';
import { docsDescriptors } from './families/docs-descriptors.js';
import { folderDeleted } from './families/folder-deleted.js';
import { passwordRace } from './families/password-race.js';
import { pipelining } from './families/pipelining.js';
import { refusals } from './families/refusals.js';
import { rightPasswords } from './families/right-passwords.js';
import { slowCallers } from './families/slow-callers.js';
import { stringScan } from './families/string-scan.js';
import { usageReport } from './families/usage-report.js';
import type { Family } from './family.js';

/** All of them, in the order in which they are run. */
export const FAMILIES: readonly Family[] = [
  stringScan,
  slowCallers,
  docsDescriptors,
  pipelining,
  refusals,
  usageReport,
  rightPasswords,
  passwordRace,
  deletedAccount,
  folderDeleted,
  clocks,
];
