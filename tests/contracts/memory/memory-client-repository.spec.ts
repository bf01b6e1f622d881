import { itStoresClients } from '#tests/contracts/client-repository.contract.js';
import { memoryHarness } from '#tests/support/fixtures/memory-storage.js';

itStoresClients(memoryHarness);
