import type { ClientRepository } from '#src/application/ports/client-repository.js';
import { isoTime } from '#src/application/ports/clock.js';
import type { PasswordHasher } from '#src/application/ports/password-hasher.js';
import { type ApiKey, MOST_REVOKED_KEYS_KEPT, MOST_USABLE_KEYS } from '#src/domain/api-key.js';
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

/**
 * A new key for an owner who lost theirs; at the bound the key that was unused for longest gives way. An unknown email takes as long as a wrong password and answers the
 * same.
 */
export class RecoverAccess {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: RecoverAccessInput): Promise<IssuedApiKey> {
    const { clients, passwords } = this.deps;
    const credentials = await clients.findCredentialsByEmail(input.email);
    const isOwner = await passwords.verify(input.password, credentials?.passwordHash ?? null);
    if (credentials === null || !isOwner) throw wrongCredentials();

    const { stored, issued } = issueApiKey(this.deps, input.name ?? null);
    const clientId = credentials.client.id;
    let result = await clients.addKey(clientId, stored, MOST_USABLE_KEYS);
    if (result === 'full') {
      await this.revokeIdlestKey(clientId);
      result = await clients.addKey(clientId, stored, MOST_USABLE_KEYS);
    }
    if (result === 'missing') throw wrongCredentials();
    if (result === 'full') throw new AppError('too_many_keys');
    return issued;
  }

  /** An owner who has lost every key could make no room themselves. */
  private async revokeIdlestKey(clientId: string): Promise<void> {
    const { clients, clock } = this.deps;
    const usable = (await clients.listKeys(clientId)).filter(({ revokedAt }) => revokedAt === null);
    const lastSeen = ({ lastUsedAt, createdAt }: ApiKey) => lastUsedAt ?? createdAt;
    const [idlest] = usable.sort((a, b) => (lastSeen(a) < lastSeen(b) ? -1 : 1));
    if (idlest === undefined) return;
    await clients.revokeKey(clientId, idlest.id, isoTime(clock.now()), MOST_REVOKED_KEYS_KEPT);
  }
}

function wrongCredentials(): AppError {
  return new AppError('unauthenticated', { detail: 'Email or password is wrong.' });
}
