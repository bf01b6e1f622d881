import { itStoresClients } from '#tests/contracts/client-repository.contract.js';
import { sqliteHarness } from '#tests/support/fixtures/sqlite-storage.js';

itStoresClients(sqliteHarness);
