import { itManagesClients } from '#tests/contracts/managed-client-repository.contract.js';
import { sqliteHarness } from './sqlite-storage.js';

itManagesClients(sqliteHarness);
