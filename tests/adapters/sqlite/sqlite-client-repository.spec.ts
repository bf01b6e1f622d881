import { itStoresClients } from '#tests/contracts/client-repository.contract.js';
import { sqliteHarness } from './sqlite-storage.js';

itStoresClients(sqliteHarness);
