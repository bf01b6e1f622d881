import { itStoresCharacters } from '#tests/contracts/character-repository.contract.js';
import { sqliteHarness } from '#tests/support/fixtures/sqlite-storage.js';

itStoresCharacters(sqliteHarness);
