import { itManagesClients } from '#tests/contracts/managed-client-repository.contract.js';
import { memoryHarness } from './memory-storage.js';

itManagesClients(memoryHarness);
