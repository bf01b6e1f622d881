import { accountSuspended } from '#src/application/access/refusal-of.js';
import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { AuditLog } from '#src/application/ports/audit-log.js';
import type { ClientRepository } from '#src/application/ports/client-repository.js';
import { isoTime } from '#src/application/ports/clock.js';
import type { ManagedClientRepository } from '#src/application/ports/managed-client-repository.js';
import { type ApiKey, MOST_REVOKED_KEYS_KEPT, MOST_USABLE_KEYS } from '#src/domain/api-key.js';
import { AppError } from '#src/domain/app-error.js';
import { type ApiKeyIssuers, type IssuedApiKey, issueApiKey } from './issue-api-key.js';
import type { PasswordAttempts } from './password-attempts.js';

interface Dependencies extends ApiKeyIssuers {
  readonly clients: ClientRepository;
  readonly managedClients: Pick<ManagedClientRepository, 'find'>;
  readonly passwordAttempts: PasswordAttempts;
  readonly audit: AuditLog;
}

export interface RecoverAccessInput {
  readonly email: string;
  readonly password: string;
  readonly name?: string | null;
  readonly origin: RequestOrigin;
}

/**
 * A new key for an owner who lost theirs; at the bound the key that was unused for longest gives way. An unknown email
 * takes as long as a wrong password and answers the same. Only the owner learns that an account is suspended.
 */
export class RecoverAccess {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: RecoverAccessInput): Promise<IssuedApiKey> {
    const { clients, managedClients, audit } = this.deps;
    const { origin } = input;
    const clientId = await this.proveOwner(input);
    const client = await managedClients.find(clientId);
    if (client === null) throw wrongCredentials();
    if (client.suspendedAt !== null) throw accountSuspended();

    const { stored, issued } = issueApiKey(this.deps, input.name ?? null);
    let result = await clients.addKey(clientId, stored, MOST_USABLE_KEYS);
    if (result === 'full') {
      await this.revokeIdlestKey(clientId, origin);
      result = await clients.addKey(clientId, stored, MOST_USABLE_KEYS);
    }
    if (result === 'missing') throw wrongCredentials();
    if (result === 'full') throw new AppError('too_many_keys');
    audit.record({ event: 'key_recovered', origin, clientId, keyId: issued.id });
    return issued;
  }

  /** Answers the client's id. */
  private async proveOwner({ email, password, origin }: RecoverAccessInput): Promise<string> {
    const { clients, passwordAttempts, audit } = this.deps;
    const attempt = await passwordAttempts.begin(email, origin);
    const credentials = await clients.findCredentialsByEmail(email);
    const isOwner = await attempt.verify(password, credentials?.passwordHash ?? null);
    if (credentials !== null && isOwner) return credentials.client.id;
    audit.record({ event: 'login_failed', origin, clientId: credentials?.client.id });
    throw wrongCredentials();
  }

  /** An owner who has lost every key could make no room themselves. */
  private async revokeIdlestKey(clientId: string, origin: RequestOrigin): Promise<void> {
    const { clients, clock, audit } = this.deps;
    const usable = (await clients.listKeys(clientId)).filter(({ revokedAt }) => revokedAt === null);
    const lastSeen = ({ lastUsedAt, createdAt }: ApiKey) => lastUsedAt ?? createdAt;
    const [idlest] = usable.sort((a, b) => (lastSeen(a) < lastSeen(b) ? -1 : 1));
    if (idlest === undefined) return;
    await clients.revokeKey(clientId, idlest.id, isoTime(clock.now()), MOST_REVOKED_KEYS_KEPT);
    audit.record({ event: 'key_revoked', origin, clientId, keyId: idlest.id });
  }
}

function wrongCredentials(): AppError {
  return new AppError('unauthenticated', { detail: 'Email or password is wrong.' });
}
