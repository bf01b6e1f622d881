import { ContainerModule } from 'inversify';
import { BcryptPasswordHasher } from '#src/adapters/bcrypt/bcrypt-password-hasher.js';
import { deriveSecrets } from '#src/adapters/crypto/derive-secrets.js';
import { HmacApiKeyMint } from '#src/adapters/crypto/hmac-api-key-mint.js';
import { ZxcvbnCommonPasswords } from '#src/adapters/zxcvbn/zxcvbn-common-passwords.js';
import type { MasterSecret } from '../master-secret.js';
import { API_KEYS, COMMON_PASSWORDS, PASSWORDS } from '../tokens.js';

export function securityModule(secret: MasterSecret): ContainerModule {
  const derived = deriveSecrets(secret);
  return new ContainerModule(({ bind }) => {
    bind(API_KEYS).toConstantValue(new HmacApiKeyMint(derived.apiKeys));
    bind(PASSWORDS).toConstantValue(new BcryptPasswordHasher({ pepper: derived.passwordPepper }));
    bind(COMMON_PASSWORDS).toConstantValue(new ZxcvbnCommonPasswords());
  });
}
