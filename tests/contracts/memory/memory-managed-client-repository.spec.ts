import { itManagesClients } from '#tests/contracts/managed-client-repository.contract.js';
import { memoryHarness } from '#tests/support/fixtures/memory-storage.js';

itManagesClients(memoryHarness);
