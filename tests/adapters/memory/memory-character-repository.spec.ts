import { itStoresCharacters } from '#tests/contracts/character-repository.contract.js';
import { memoryHarness } from './memory-storage.js';

itStoresCharacters(memoryHarness);
