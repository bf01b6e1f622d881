import { itStoresCharacters } from '#tests/contracts/character-repository.contract.js';
import { memoryHarness } from '#tests/support/fixtures/memory-storage.js';

itStoresCharacters(memoryHarness);
