import type { AppStorage } from '../support/fixtures/app-storages.js';
import { accountsContract } from './accounts.contract.js';
import { adminContract } from './admin.contract.js';
import { apiKeysContract } from './api-keys.contract.js';
import { charactersContract } from './characters.contract.js';
import { chatContract } from './chat.contract.js';
import { conversationsContract } from './conversations.contract.js';
import { credentialsContract } from './credentials.contract.js';
import { emailSpellingsContract } from './email-spellings.contract.js';
import { idempotencyContract } from './idempotency.contract.js';
import { outagesContract } from './outages.contract.js';
import { parallelTurnsContract } from './parallel-turns.contract.js';
import { serviceContract } from './service.contract.js';
import { usageContract } from './usage.contract.js';

/** Every endpoint as an integrator meets it. What holds for one storage holds for all. */
export function apiContract(storage: AppStorage): void {
  describe(`HTTP API on ${storage.name}`, () => {
    serviceContract(storage);
    credentialsContract(storage);
    accountsContract(storage);
    emailSpellingsContract(storage);
    apiKeysContract(storage);
    charactersContract(storage);
    chatContract(storage);
    conversationsContract(storage);
    adminContract(storage);
    idempotencyContract(storage);
    parallelTurnsContract(storage);
    outagesContract(storage);
    usageContract(storage);
  });
}
