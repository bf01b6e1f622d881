import { itManagesClients } from '#tests/contracts/managed-client-repository.contract.js';
import { sqliteHarness } from '#tests/support/fixtures/sqlite-storage.js';

itManagesClients(sqliteHarness);
