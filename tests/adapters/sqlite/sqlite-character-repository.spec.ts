import { itStoresCharacters } from '#tests/contracts/character-repository.contract.js';
import { sqliteHarness } from './sqlite-storage.js';

itStoresCharacters(sqliteHarness);
