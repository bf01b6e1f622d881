import { MEMORY_STORAGE, SQLITE_STORAGE } from '../support/fixtures/app-storages.js';
import { apiContract } from './api.contract.js';

for (const storage of [MEMORY_STORAGE, SQLITE_STORAGE]) apiContract(storage);
