import { itRecordsUsage } from '#tests/contracts/usage-repository.contract.js';
import { memoryHarness } from '#tests/support/fixtures/memory-storage.js';

itRecordsUsage(memoryHarness);
