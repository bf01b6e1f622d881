import { itRecordsUsage } from '#tests/contracts/usage-repository.contract.js';
import { memoryHarness } from './memory-storage.js';

itRecordsUsage(memoryHarness);
