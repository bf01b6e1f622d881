import { itStoresClients } from '#tests/contracts/client-repository.contract.js';
import { memoryHarness } from './memory-storage.js';

itStoresClients(memoryHarness);
