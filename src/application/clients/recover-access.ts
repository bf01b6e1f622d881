import type { ClientRepository } from '#src/application/ports/client-repository.js';
import type { PasswordHasher } from '#src/application/ports/password-hasher.js';
import { AppError } from '#src/domain/app-error.js';
import { type ApiKeyIssuers, type IssuedApiKey, issueApiKey } from './issue-api-key.js';

interface Dependencies extends ApiKeyIssuers {
  readonly clients: ClientRepository;
  readonly passwords: PasswordHasher;
}

export interface RecoverAccessInput {
  readonly email: string;
  readonly password: string;
  readonly name?: string | null;
}

/** A new key for an owner who lost theirs. An unknown email takes as long as a wrong password and answers the same. */
export class RecoverAccess {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: RecoverAccessInput): Promise<IssuedApiKey> {
    const { clients, passwords } = this.deps;
    const credentials = await clients.findCredentialsByEmail(input.email);
    const isOwner = await passwords.verify(input.password, credentials?.passwordHash ?? null);
    if (credentials === null || !isOwner) throw wrongCredentials();

    const { stored, issued } = issueApiKey(this.deps, input.name ?? null);
    const added = await clients.addKey(credentials.client.id, stored);
    if (!added) throw wrongCredentials();
    return issued;
  }
}

function wrongCredentials(): AppError {
  return new AppError('unauthenticated', { detail: 'Email or password is wrong.' });
}
