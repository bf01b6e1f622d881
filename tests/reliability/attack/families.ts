import { accounts } from './families/accounts.js';
import { clocks } from './families/clocks.js';
import { clusterReturn } from './families/cluster-return.js';
import { deletedAccount } from './families/deleted-account.js';
import { denials } from './families/denials.js';
import { docsDescriptors } from './families/docs-descriptors.js';
import { folderDeleted } from './families/folder-deleted.js';
import { halfClosed } from './families/half-closed.js';
import { lockedFiles } from './families/locked-files.js';
import { openStreams } from './families/open-streams.js';
import { passwordRace } from './families/password-race.js';
import { pipelining } from './families/pipelining.js';
import { privacy } from './families/privacy.js';
import { redisFaults } from './families/redis-faults.js';
import { replies } from './families/replies.js';
import { rightPasswords } from './families/right-passwords.js';
import { slowCallers } from './families/slow-callers.js';
import { smuggling } from './families/smuggling.js';
import { soak } from './families/soak.js';
import { storage } from './families/storage.js';
import { stringScan } from './families/string-scan.js';
import { turns } from './families/turns.js';
import { usageReport } from './families/usage-report.js';
import type { Family } from './family.js';

/** All of them, in the order in which they are run. */
export const FAMILIES: readonly Family[] = [
  stringScan,
  slowCallers,
  docsDescriptors,
  pipelining,
  denials,
  usageReport,
  rightPasswords,
  passwordRace,
  deletedAccount,
  folderDeleted,
  clocks,
  smuggling,
  halfClosed,
  accounts,
  turns,
  replies,
  redisFaults,
  clusterReturn,
  storage,
  lockedFiles,
  privacy,
  openStreams,
  soak,
];
